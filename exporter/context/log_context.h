#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "exporter/context/attributes.h"
#include "exporter/context/log_message.h"
#include "ipfix/prefix.h"

namespace hostscope::context {

/// Attributes of hosts as logs told them. One thread, or a lock around it.
class LogContext {
 public:
  /// A host that nothing was told of for `lifetime_ns` is forgotten; 0: never.
  LogContext(const Limits& limits, std::int64_t lifetime_ns) : limits_(limits), lifetime_ns_(lifetime_ns) {}

  /// All of a message or, where it would go beyond the limits, nothing: kApplied, or what is full.
  LogOutcome Apply(const LogMessage& message, std::int64_t now_ns);
  /// Returns how many were forgotten.
  std::size_t Forget(std::int64_t now_ns);

  /// Null: nothing was told.
  const Attributes* Find(const Address& host) const;
  void ForEach(const Prefix& within,
               const std::function<void(const Address&, const Attributes&)>& visit) const;
  void ForEach(const std::function<void(const Address&, const Attributes&)>& visit) const;

  std::size_t size() const noexcept { return hosts_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Host {
    Attributes attributes;
    std::int64_t told_ns = 0;
    std::size_t bytes = 0;
  };

  Limits limits_;
  std::int64_t lifetime_ns_;
  std::map<Address, Host> hosts_;
  std::size_t bytes_ = 0;
};

}  // namespace hostscope::context
