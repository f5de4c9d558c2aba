#include <algorithm>

#include "tests/fuzz/message_mutator.h"

// libFuzzer's own mutations for fuzz_message.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using namespace hostscope::fuzz;
  RandomMessage random(seed);
  KnownTemplates known;
  std::vector<std::uint8_t> message(data, data + size);
  MutateMessage(message, max_size, known, random);
  std::copy(message.begin(), message.end(), data);
  return message.size();
}
