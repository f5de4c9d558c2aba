#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/context/attributes.h"
#include "exporter/context/log_outcome.h"
#include "ipfix/address.h"

namespace hostscope::context {

enum class Keep : std::uint8_t {
  kLast,   ///< the value told last
  kCount,  ///< how often each value was told
  kList,   ///< the values told last
};

/// From a field of a message to an attribute of its host. Names of fields in fields have points between:
/// client.ip.
struct AttributeMapping {
  std::string name;
  std::string field;
  Keep keep = Keep::kLast;
  std::size_t length = 10;  ///< of a list; of a count, different values
};

struct TopicMapping {
  std::string topic;
  std::string host;                         ///< the field with the address
  std::map<std::string, std::string> when;  ///< only messages whose fields have these texts
  std::vector<AttributeMapping> attributes;
};

/// What a message says of a host.
struct LogMessage {
  Address host;
  struct Told {
    const AttributeMapping* mapping;
    std::string value;
  };
  std::vector<Told> told;
};

/// Reads messages of central logging, whatever they are: JSON by mappings. One thread.
class LogMessageReader {
 public:
  static constexpr std::size_t kMaxMessage = 64 * 1024;

  explicit LogMessageReader(const Limits& limits);
  ~LogMessageReader();

  /// kApplied where all that `mapping` asks for is good; `message` then has it, else it is of no use. Points
  /// into `mapping`.
  LogOutcome Read(std::string_view text, const TopicMapping& mapping, LogMessage& message);

 private:
  struct Parser;
  Limits limits_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace hostscope::context
