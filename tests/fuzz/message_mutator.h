#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/fuzz/random_message.h"

/// Mutations that know what an export message is, for libFuzzer's targets alone.
namespace hostscope::fuzz {

/// The templates that a message defines, as far as it can be read.
void CollectTemplates(std::span<const std::uint8_t> message, KnownTemplates& known);

/// Changes one message of at most `max_size` bytes: at random, or by a set that fits what is `known`, or by
/// mending the lengths that an earlier mutation broke.
void MutateMessage(std::vector<std::uint8_t>& message, std::size_t max_size, KnownTemplates& known,
                   RandomMessage& random);

}  // namespace hostscope::fuzz
