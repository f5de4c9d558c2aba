#include "exporter/ndjson_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "exporter/encoding/line_writer.h"
#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

// Small enough to be in the core's own cache still when the kernel copies it.
constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

class NdjsonSink final : public Sink {
 public:
  NdjsonSink(const NdjsonOptions& options, int fd)
      : name_("ndjson " + options.path),
        fd_(fd),
        encoder_(options.observer, options.schema, options.sketches, HostNetwork::kText, options.context),
        networks_(encoder_.LevelsToWrite(options.networks)),
        writer_(fd, cancelled_),
        buffer_(kPieceBytes + encoder_.max_record_size() + 1) {}
  ~NdjsonSink() override {
    if (fd_ != STDOUT_FILENO) close(fd_);
  }
  NdjsonSink(const NdjsonSink&) = delete;
  NdjsonSink& operator=(const NdjsonSink&) = delete;

  std::string_view name() const noexcept override { return name_; }
  std::string Write(const aggregator::ClosedWindow& window) override;
  std::string Flush(int) override { return Explain(writer_.Sync()); }
  void Cancel() noexcept override { cancelled_.store(true, std::memory_order_relaxed); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + (networks_ ? window.CountNetworks(*networks_) : 0) + encoder_.AnomaliesIn(window) +
           encoder_.window_records();
  }
  SinkStatus status() const noexcept override {
    return {.delivered = delivered_.Get(), .dropped = dropped_.Get(), .windows = windows_.Get()};
  }

 private:
  void FinishLine(char* end);
  void WriteBuffered();
  std::string Explain(const std::string& problem) const {
    return problem.empty() ? problem : name_ + ": " + problem;
  }

  std::string name_;
  int fd_;
  std::atomic<bool> cancelled_{false};
  JsonEncoder encoder_;
  std::optional<aggregator::NetworkLevels> networks_;
  LineWriter writer_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::uint64_t lines_ = 0;  // in the buffer
  std::string problem_;      // of the window under way
  Counter delivered_;
  Counter dropped_;
  Counter windows_;
};

std::string NdjsonSink::Write(const aggregator::ClosedWindow& window) {
  problem_.clear();
  encoder_.SetWindow(window.span(), window.partial());
  for (std::size_t i = 0; i < window.size(); ++i)
    FinishLine(encoder_.EncodeHost(window.At(i), &buffer_[used_], {window, i}));
  std::uint64_t networks = 0;
  if (networks_) {
    window.ForEachNetwork(*networks_, [&](const aggregator::NetworkRecord& record) {
      FinishLine(encoder_.EncodeNetwork(record, &buffer_[used_]));
      ++networks;
      return true;
    });
  }
  for (const aggregator::ProfileEvent& event : window.Events())
    FinishLine(encoder_.EncodeAnomaly(event, &buffer_[used_]));
  FinishLine(encoder_.EncodeWindow(window.summary(), &buffer_[used_], networks));
  WriteBuffered();
  if (problem_.empty()) windows_.Add(1);
  return Explain(problem_);
}

void NdjsonSink::FinishLine(char* end) {
  if (end == &buffer_[used_]) return;
  *end = '\n';
  used_ = static_cast<std::size_t>(end + 1 - buffer_.data());
  ++lines_;
  if (used_ >= kPieceBytes) WriteBuffered();
}

void NdjsonSink::WriteBuffered() {
  const std::string_view lines(buffer_.data(), std::exchange(used_, 0));
  std::size_t written = 0;
  if (problem_.empty() && cancelled_.load(std::memory_order_relaxed)) problem_ = "cancelled";
  if (problem_.empty() && !lines.empty()) written = writer_.Write(lines, problem_);
  const std::uint64_t all = std::exchange(lines_, 0);
  std::uint64_t delivered = all;
  if (written != lines.size()) {
    const std::string_view whole = lines.substr(0, written);
    delivered = static_cast<std::uint64_t>(std::count(whole.begin(), whole.end(), '\n'));
  }
  delivered_.Add(delivered);
  dropped_.Add(all - delivered);
}

}  // namespace

OpenedSink OpenNdjsonSink(const NdjsonOptions& options) {
  int fd = STDOUT_FILENO;
  if (options.path != "-") {
    constexpr mode_t kMode = 0644;
    do {
      fd = open(options.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
    } while (fd < 0 && errno == EINTR);
  }
  if (fd < 0) return {nullptr, "ndjson " + options.path + ": " + std::generic_category().message(errno)};
  return {std::make_unique<NdjsonSink>(options, fd), {}};
}

}  // namespace hostscope::exporter
