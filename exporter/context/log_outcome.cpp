#include "exporter/context/log_outcome.h"

#include <array>

namespace hostscope::context {
namespace {

constexpr std::array kRows{
    LogOutcomeName{"applied", "It changed a host's attributes, or said again what they are."},
    LogOutcomeName{"other", "It is none of those that the topic's `when` asks for."},
    LogOutcomeName{"too_large", "It has more than 64 KiB."},
    LogOutcomeName{"not_json", "It is no JSON, or of another encoding than UTF-8, or nested too deep."},
    LogOutcomeName{"not_object", "It is JSON, but no object."},
    LogOutcomeName{"no_host", "The host's field is not there, or no text."},
    LogOutcomeName{"bad_address", "The host's field is no address of a host."},
    LogOutcomeName{"no_attribute", "None of the attributes' fields is there."},
    LogOutcomeName{"bad_value", "An attribute's field is no text or number, or is empty or too long."},
    LogOutcomeName{"hosts_full", "It is of a new host, and there are as many as may be."},
    LogOutcomeName{"attributes_full", "Its host would have more attributes than may be."},
    LogOutcomeName{"bytes_full", "Its texts would need more memory than may be."},
};
static_assert(kRows.size() == kLogOutcomes, "a row for each outcome");

}  // namespace

const LogOutcomeName& NameOf(LogOutcome outcome) noexcept {
  return kRows[static_cast<std::size_t>(outcome)];
}

}  // namespace hostscope::context
