#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exporter/context/attributes.h"
#include "exporter/context/file_context.h"
#include "exporter/context/log_context.h"
#include "exporter/context/log_message.h"
#include "exporter/context/topic_reader.h"
#include "exporter/context_source.h"
#include "ipfix/counter.h"

namespace hostscope::context {

struct ContextOptions {
  std::vector<std::string> files;
  std::int64_t check_interval_ns = 10'000'000'000;  ///< how often they are looked at; 0: never
  Limits limits;
  std::int64_t lifetime_ns = 7 * 86'400'000'000'000;  ///< of what logs said of a host; 0: for good
  bool in_records = false;                            ///< host records have it
  exporter::KafkaOptions kafka;                       ///< brokers (empty: no logs), properties, secrets
  std::vector<TopicMapping> topics;

  bool IsOn() const noexcept { return !files.empty() || !topics.empty(); }
};

struct ContextStatus {
  std::size_t file_entries = 0;
  std::size_t file_bytes = 0;
  std::size_t log_hosts = 0;
  std::size_t log_bytes = 0;
  std::uint64_t good_loads = 0;
  std::uint64_t bad_loads = 0;
  std::uint64_t forgotten = 0;
  std::uint64_t kafka_errors = 0;
  struct Topic {
    std::string name;
    std::array<std::uint64_t, kLogOutcomes> outcomes{};
  };
  std::vector<Topic> topics;
};

/// What is known of hosts beside their traffic. Of each attribute the longest prefix counts; what logs say is
/// of the host alone, and what files say of that very host counts before it. Any thread reads.
class Context final : public exporter::ContextSource {
 public:
  /// Reads the files. Throws std::runtime_error with every problem. `observer` names the group of consumers.
  Context(ContextOptions options, const std::string& observer, exporter::LogFunction log);
  ~Context() override;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Reads topics, and looks at files now and then.
  void Start();
  void Stop();
  /// Has the files read again soon; the log says how it went. Where there are problems the old ones stay.
  void Reload();

  Attributes Find(const Prefix& prefix) const;
  std::string ContextOf(const Address& host) const override;
  /// One attribute of the same, as one text.
  std::optional<std::string> TextOf(const Prefix& prefix, std::string_view attribute) const;
  /// The attribute of each host or prefix of its own inside `within` (all without); not in order.
  using VisitText = std::function<void(const Prefix& prefix, std::string_view text)>;
  void ForEach(const std::optional<Prefix>& within, std::string_view attribute, const VisitText& visit) const;
  /// Names of attributes, and how many hosts and prefixes have each.
  std::map<std::string, std::size_t> Names() const;

  ContextStatus status() const;

  /// Every problem of the files, as at the start.
  static std::vector<std::string> CheckFiles(const ContextOptions& options);

 private:
  void Watch();
  void LoadFiles();
  void Take(std::size_t topic, std::string_view text, std::int64_t told_ns);

  const ContextOptions options_;
  const exporter::LogFunction log_;
  mutable std::shared_mutex mutex_;           // guards files_ and logs_
  std::shared_ptr<const FileContext> files_;  // never null
  LogContext logs_;
  std::string seen_;    // of the files, as they were read last; the watching thread's
  Counter good_loads_;  // the watching thread's
  Counter bad_loads_;
  Counter forgotten_;
  std::vector<std::array<Counter, kLogOutcomes>> outcomes_;  // by topic; the reading thread's
  LogMessageReader reader_;                                  // the same
  LogMessage message_;
  std::unique_ptr<TopicReader> topics_;  // null: none
  std::mutex wake_mutex_;                // guards the two
  bool is_stopping_ = false;
  bool is_asked_ = false;
  std::condition_variable wake_;
  std::thread watching_;
};

}  // namespace hostscope::context
