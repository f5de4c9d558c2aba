#include "exporter/query/announcing_sink.h"

#include <string>
#include <utility>

namespace hostscope::exporter {
namespace {

class AnnouncingSink final : public Sink {
 public:
  AnnouncingSink(std::unique_ptr<Sink> sink, WindowListener listener)
      : sink_(std::move(sink)), listener_(std::move(listener)) {}

  std::string_view name() const noexcept override { return sink_->name(); }
  std::string Write(const aggregator::ClosedWindow& window) override {
    std::string problem = sink_->Write(window);
    if (problem.empty()) listener_(window);
    return problem;
  }
  std::string Flush(int timeout_ms) override { return sink_->Flush(timeout_ms); }
  void Cancel() noexcept override { sink_->Cancel(); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return sink_->RecordsIn(window);
  }
  SinkStatus status() const noexcept override { return sink_->status(); }

 private:
  std::unique_ptr<Sink> sink_;
  WindowListener listener_;
};

}  // namespace

std::unique_ptr<Sink> MakeAnnouncingSink(std::unique_ptr<Sink> sink, WindowListener listener) {
  return std::make_unique<AnnouncingSink>(std::move(sink), std::move(listener));
}

}  // namespace hostscope::exporter
