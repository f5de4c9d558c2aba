#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>

#include "app/config/text.h"
#include "app/doctor/checks.h"
#include "exporter/elastic/elastic_probe.h"
#include "exporter/kafka/kafka_probe.h"

namespace hostscope::app {
namespace {

constexpr int kPatienceMs = 5000;
constexpr std::uint64_t kLeastFree = std::uint64_t{1} << 30;

/// The folder itself, or the nearest one above it that is there.
std::filesystem::path Existing(std::filesystem::path path) {
  std::error_code ignored;
  path = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

/// Makes a file in the folder and removes it. Returns why that is not possible, or an empty text.
std::string TryToWrite(const std::filesystem::path& folder) {
  std::string name = (folder / ".hostscope-doctor-XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return std::strerror(errno);
  close(file);
  unlink(name.c_str());
  return {};
}

std::uint64_t FreeBytes(const std::filesystem::path& folder) {
  struct statvfs space {};
  if (statvfs(folder.c_str(), &space) != 0) return 0;
  return std::uint64_t{space.f_bavail} * space.f_frsize;
}

std::uint64_t BytesBelow(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) bytes += entry.file_size(ignored);
  }
  return bytes;
}

/// A file system that does not keep what was written, or not by our rules; empty: none of these.
std::string UnfitFileSystem(const std::filesystem::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) return {};
  switch (static_cast<std::uint32_t>(info.f_type)) {
    case TMPFS_MAGIC:
      return "tmpfs, which a restart of the machine empties";
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
      return "a network file system";
    default:
      return {};
  }
}

/// Most that the store may grow to.
std::uint64_t MostBytes(const Config& config) {
  std::uint64_t bytes = config.store.spool_bytes;
  for (const std::int64_t length : config.window_lengths_ns) {
    const auto rule =
        std::find_if(config.store.retention.begin(), config.store.retention.end(),
                     [length](const RetentionConfig& each) { return each.window_ns == length; });
    bytes +=
        rule == config.store.retention.end() ? exporter::Retention{}.max_bytes : rule->retention.max_bytes;
  }
  return bytes;
}

std::string InGib(std::uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << 30));
}

Finding OfNdjson(const std::string& path) {
  const std::string check = "sink ndjson " + path;
  if (path == "-") return {check, Verdict::kOk, "standard output", ""};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const std::filesystem::path in = folder.empty() ? "." : folder;
  std::error_code ignored;
  if (!std::filesystem::is_directory(in, ignored)) {
    return {check, Verdict::kFail, in.string() + " is no folder", "mkdir -p " + in.string()};
  }
  const bool is_there = std::filesystem::exists(path, ignored);
  if (is_there && access(path.c_str(), W_OK) != 0) {
    return {check, Verdict::kFail, std::string("can't be written: ") + std::strerror(errno),
            "chown hostscope " + path};
  }
  if (const std::string wrong = is_there ? std::string() : TryToWrite(in); !wrong.empty()) {
    return {check, Verdict::kFail, "can't be made in " + in.string() + ": " + wrong,
            "chown hostscope " + in.string()};
  }
  return {check, Verdict::kOk, "can be written; " + InGib(FreeBytes(in)) + " are free", ""};
}

std::string Listed(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

Finding OfKafka(const Config& config, const KafkaConfig& sink) {
  const exporter::KafkaOptions options =
      KafkaOptionsOf(sink, config.observer_name, config.network_records.Wanted());
  const std::string check = "sink kafka " + options.brokers;
  const exporter::KafkaAnswer answer = exporter::AskKafka(options, kPatienceMs);
  if (!answer.problem.empty()) {
    return {check, Verdict::kFail, "does not answer: " + answer.problem,
            "correct sinks.kafka.brokers, or start the broker; from here it must be reached at " +
                options.brokers};
  }
  const std::string brokers = fmt::format("answers, as {}", Listed(answer.brokers));
  if (answer.missing.empty()) return {check, Verdict::kOk, brokers, ""};
  const std::string topics = Listed(answer.missing);
  return {check, Verdict::kWarn, brokers + "; topics that are not there yet: " + topics,
          "kafka-topics.sh --create --topic " + answer.missing.front() +
              " …, unless the broker makes topics by itself"};
}

Finding OfElastic(const ElasticConfig& sink) {
  const exporter::HttpOptions& http = sink.options.http;
  const std::string check = "sink elasticsearch " + Listed(http.urls);
  const exporter::ElasticAnswer answer = exporter::AskElastic(http, std::chrono::milliseconds(kPatienceMs));
  if (answer.problem.empty()) return {check, Verdict::kOk, "answers, as " + answer.server, ""};
  return {check, Verdict::kFail, "does not answer: " + answer.problem,
          "correct sinks.elasticsearch, or start the server; from here it must be reached at " +
              http.urls.front()};
}

}  // namespace

void CheckStore(const Config& config, Findings& findings) {
  if (config.store.path.empty()) {
    findings.push_back({"store", Verdict::kWarn, "none: windows that a sink misses for long are lost",
                        "name a folder in store.path, such as /var/lib/hostscope/store"});
    return;
  }
  const std::filesystem::path folder = Existing(config.store.path);
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    findings.push_back({"store", Verdict::kFail, folder.string() + " is no folder", "correct store.path"});
    return;
  }
  if (const std::string wrong = TryToWrite(folder); !wrong.empty()) {
    findings.push_back({"store", Verdict::kFail, folder.string() + " can't be written: " + wrong,
                        "install -d -o hostscope -g hostscope " + config.store.path});
    return;
  }
  const std::uint64_t free = FreeBytes(folder);
  const std::uint64_t most = MostBytes(config);
  const std::string text = config.store.path + " can be written; " + InGib(free) + " are free";
  if (free < kLeastFree) {
    findings.push_back({"store", Verdict::kFail, text, "make room on the file system of " + folder.string()});
  } else if (free + BytesBelow(config.store.path) < most) {
    findings.push_back({"store", Verdict::kWarn, text + ", and it may grow to " + InGib(most),
                        "lower store.spool and store.retention, or take a larger disk"});
  } else if (const std::string unfit = UnfitFileSystem(folder); !unfit.empty()) {
    findings.push_back(
        {"store", Verdict::kWarn, text + ", but it is on " + unfit, "choose a store.path on a local disk"});
  } else {
    findings.push_back({"store", Verdict::kOk, text, ""});
  }
}

void CheckSinks(const Config& config, Findings& findings) {
  for (const NdjsonConfig& sink : config.sinks.ndjson) findings.push_back(OfNdjson(sink.path));
  for (const KafkaConfig& sink : config.sinks.kafka) findings.push_back(OfKafka(config, sink));
  for (const ElasticConfig& sink : config.sinks.elasticsearch) findings.push_back(OfElastic(sink));
  if (config.sinks.ndjson.empty() && config.sinks.kafka.empty() && config.sinks.elasticsearch.empty())
    findings.push_back({"sinks", Verdict::kOk, "none is configured: records go to standard output", ""});
}

}  // namespace hostscope::app
