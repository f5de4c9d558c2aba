#include "exporter/store/store_sink.h"

#include <exception>
#include <string>

#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

class StoreSink final : public Sink {
 public:
  explicit StoreSink(Store& store) : store_(store), name_("store " + store.path()) {}

  std::string_view name() const noexcept override { return name_; }
  std::string Write(const aggregator::ClosedWindow& window) override {
    std::string problem;
    try {
      problem = store_.Put(window);
    } catch (const std::exception& error) {  // no memory, mostly
      problem = name_ + ": " + error.what();
    }
    (problem.empty() ? delivered_ : dropped_).Add(RecordsIn(window));
    if (problem.empty()) windows_.Add(1);
    return problem;
  }
  std::string Flush(int) override { return {}; }  // Put() leaves nothing behind
  void Cancel() noexcept override { store_.CancelPut(); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + 1;
  }
  SinkStatus status() const noexcept override {
    return {.delivered = delivered_.Get(), .dropped = dropped_.Get(), .windows = windows_.Get()};
  }

 private:
  Store& store_;
  std::string name_;
  Counter delivered_;
  Counter dropped_;
  Counter windows_;
};

}  // namespace

std::unique_ptr<Sink> MakeStoreSink(Store& store) {
  return std::make_unique<StoreSink>(store);
}

}  // namespace hostscope::exporter
