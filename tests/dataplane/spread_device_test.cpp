#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "aggregator/merger.h"
#include "aggregator/network_set.h"
#include "aggregator/worker_aggregator.h"
#include "dataplane/dataplane.h"
#include "dataplane/eal.h"
#include "tests/dataplane/capture_file.h"
#include "tests/ipfix/decoder_fixture.h"

// One exporter, one receive queue, two workers: what comes out must be what one worker makes of the same
// datagrams. As in device_test.cpp, one test for each process.
namespace hostscope::dataplane {
namespace {

using aggregator::ClosedWindowPtr;
using aggregator::HostRecord;
using aggregator::RoleFigures;
using ipfix::test::Field;
using ipfix::test::MessageBuilder;
using Payload = std::vector<std::uint8_t>;

const Address kOurs = testing::ParseAddress("10.0.0.1");
const Address kExporter = testing::ParseAddress("10.0.0.7");
constexpr std::uint16_t kExporterPort = 40000;
constexpr std::int64_t kDay = 24 * 3600 * kNanosecondsPerSecond;

constexpr std::size_t kRecords = 35;
constexpr int kDatagrams = 6000;

/// A stream of one exporter whose template changes its fields' order every few hundred datagrams, with
/// losses.
std::vector<Payload> Stream() {
  const std::vector<Field> fields = {{8, 4}, {12, 4}, {7, 2}, {11, 2},  {4, 1},
                                     {6, 1}, {2, 4},  {1, 4}, {152, 8}, {153, 8}};
  const std::vector<Field> swapped = {{12, 4}, {8, 4}, {11, 2}, {7, 2},   {6, 1},
                                      {4, 1},  {1, 4}, {2, 4},  {153, 8}, {152, 8}};
  std::vector<Payload> stream;
  std::uint32_t sequence = 0;
  std::mt19937 random(1);
  for (int i = 0; i < kDatagrams; ++i) {
    MessageBuilder message = MessageBuilder::Ipfix();
    message.Sequence(sequence);
    if (i % 300 == 0) message.Template(256, i % 600 == 0 ? fields : swapped);
    ipfix::test::Bytes body;
    for (std::size_t record = 0; record < kRecords; ++record) {
      body.U32(0x0a010000 + random() % 200).U32(0x0a020000 + random() % 100);
      body.U16(random() % 50)
          .U16(random() % 10)
          .U8(random() % 3 == 0 ? 17 : 6)
          .U8(random() % 2 == 0 ? 17 : 6);
      body.U32(random() % 100).U32(random() % 5000);
      body.U64(1'700'000'000'000 + random() % 1000).U64(1'700'000'001'000);
    }
    stream.push_back(message.RawSet(256, body, kRecords).Build());
    sequence += kRecords;
    if (random() % 100 == 0) sequence += 7;  // lost before us
  }
  return stream;
}

/// What one decoder and one table make of it.
class Reference {
 public:
  Reference(const aggregator::MergerOptions& options, const std::vector<Payload>& stream)
      : merger_(options, aggregator::NetworkSet::All()) {
    aggregator::WorkerAggregator aggregator(kDay, WallClock(), merger_.TakeTable());
    for (const Payload& payload : stream)
      decoder_.Decode({payload, kExporter, kExporterPort, WallClock()}, aggregator);
    decoder_.Flush(aggregator);
    windows_ = merger_.Add(0, aggregator.Finish(WallClock(), {}));
    for (const ClosedWindowPtr& window : merger_.Finish()) windows_.push_back(window);
  }
  const std::vector<ClosedWindowPtr>& windows() const { return windows_; }
  const ipfix::Accounting& accounting() const { return decoder_.accounting(); }

 private:
  static ReceiveTime WallClock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  }
  ipfix::Decoder decoder_{ipfix::Settings{}};
  aggregator::Merger merger_;
  std::vector<ClosedWindowPtr> windows_;
};

void ExpectSameRole(const RoleFigures& got, const RoleFigures& want) {
  EXPECT_EQ(got.flows, want.flows);
  EXPECT_EQ(got.packets, want.packets);
  EXPECT_EQ(got.bytes, want.bytes);
  EXPECT_EQ(got.duration_sum_us, want.duration_sum_us);
  EXPECT_EQ(got.duration_count, want.duration_count);
  EXPECT_EQ(got.peers, want.peers);
  EXPECT_EQ(got.src_ports, want.src_ports);
  EXPECT_EQ(got.dst_ports, want.dst_ports);
  EXPECT_EQ(got.tcp_flags, want.tcp_flags);
  EXPECT_EQ(got.tcp, want.tcp);
  EXPECT_EQ(got.udp, want.udp);
}

class SpreadDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static bool is_used = false;
    if (std::exchange(is_used, true)) GTEST_SKIP() << "one for each process: run by ctest, or by name";
    if (AllowedCpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
    directory_ =
        std::filesystem::temp_directory_path() / ("hostscope-spread-test-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
    config_.eal.hugepages = Hugepages::kNever;
    config_.worker_cpus = {AllowedCpus()[0], AllowedCpus()[1]};
    config_.control_cpus = config_.worker_cpus;
    PortConfig& port = config_.ports.emplace_back();
    port.addresses = {kOurs};
    port.rx_descriptors = 256;
    port.buffers = 2048;
  }
  void TearDown() override {
    dataplane_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Run(std::int64_t window_ns) {
    std::vector<testing::Bytes> frames;
    for (const Payload& payload : stream_) {
      testing::UdpFrame frame;
      frame.source = kExporter;
      frame.source_port = kExporterPort;
      frame.destination = kOurs;
      frame.payload = payload;
      frames.push_back(testing::Build(frame));
    }
    testing::WriteCapture(directory_ / "in.pcap", frames);
    config_.ports[0].device = "net_pcap0,rx_pcap=" + (directory_ / "in.pcap").string();
    config_.base_window_ns = window_ns;
    options_.base_length_ns = window_ns;
    options_.table = {2000, 64U << 20, 1};
    options_.workers = 2;
    dataplane_ = std::make_unique<Dataplane>(config_);
    ASSERT_EQ(dataplane_->worker_count(), 2U);
    merger_ = std::make_unique<aggregator::Merger>(options_, aggregator::NetworkSet::All());
    dataplane_->Start(*merger_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (dataplane_->status().ports[0].frames.Total() < stream_.size() &&
           std::chrono::steady_clock::now() < end) {
      Merge();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ExpectBooks();
    }
    dataplane_->Stop();
    Merge();
    Keep(merger_->Finish());
  }
  void Merge() {
    while (auto part = dataplane_->TakePart()) {
      Keep(merger_->Add(part->worker, std::move(part->part)));
      dataplane_->SupplyTables(*merger_);
    }
    dataplane_->SupplyTables(*merger_);
  }
  void Keep(const std::vector<ClosedWindowPtr>& windows) {
    for (const ClosedWindowPtr& window : windows) {
      flows_ += window->summary().flows;
      bytes_ += window->summary().bytes;
      lost_ += window->summary().sequence_lost;
    }
    if (config_.base_window_ns == kDay) windows_.insert(windows_.end(), windows.begin(), windows.end());
  }
  void ExpectBooks() const {
    const DatagramBooks books = BooksOf(dataplane_->status());
    std::uint64_t dropped = 0;
    for (const auto& drop : books.dropped) dropped += drop.count;
    EXPECT_LE(
        std::max(books.received, books.decoded + dropped) - std::min(books.received, books.decoded + dropped),
        64U);
  }
  /// Everything that must be so at the end, however the work was shared.
  void ExpectSameBooks(const Reference& reference) const {
    const DataplaneStatus status = dataplane_->status();
    const DatagramBooks books = BooksOf(status);
    EXPECT_EQ(books.received, stream_.size());
    EXPECT_EQ(books.decoded, stream_.size());
    const ipfix::Accounting& got = *status.workers[0].accounting;
    const ipfix::Accounting& want = reference.accounting();
    EXPECT_EQ(got.records_seen.Get(), want.records_seen.Get());
    EXPECT_EQ(got.records_counted.Get(), want.records_counted.Get());
    EXPECT_EQ(got.malformed_times.Get(), want.malformed_times.Get());
    EXPECT_EQ(got.sequence_expected.Get(), want.sequence_expected.Get());
    EXPECT_EQ(got.sequence_lost.Get(), want.sequence_lost.Get());
    EXPECT_GT(want.sequence_lost.Get(), 0U);
    EXPECT_EQ(got.sequence_resets.Get(), 0U);
    EXPECT_EQ(status.workers[1].accounting->datagrams.Get(), 0U) << "the other has no queue";
    EXPECT_EQ(flows_, want.records_counted.Get());
    EXPECT_EQ(lost_, want.sequence_lost.Get());
    EXPECT_GT(status.workers[0].spread->handed_out.Get(), 0U);
    EXPECT_EQ(status.workers[0].spread->handed_out.Get(), status.workers[1].spread->done.Get());
    EXPECT_EQ(status.workers[0].aggregator->flows.Get() + status.workers[1].aggregator->flows.Get(), flows_);
    EXPECT_GT(status.workers[1].aggregator->flows.Get(), 0U);
  }

  const std::vector<Payload> stream_ = Stream();
  std::filesystem::path directory_;
  DataplaneConfig config_;
  aggregator::MergerOptions options_;
  std::unique_ptr<aggregator::Merger> merger_;
  std::unique_ptr<Dataplane> dataplane_;
  std::vector<ClosedWindowPtr> windows_;
  std::uint64_t flows_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

TEST_F(SpreadDeviceTest, TwoWorkersMakeOfOneExporterWhatOneMakes) {
  Run(kDay);
  const Reference reference(options_ = {.workers = 1, .base_length_ns = kDay, .table = options_.table},
                            stream_);
  ExpectSameBooks(reference);
  ASSERT_EQ(windows_.size(), 1U) << "unless midnight passes";
  ASSERT_EQ(reference.windows().size(), 1U);
  const aggregator::ClosedWindow& got = *windows_[0];
  const aggregator::ClosedWindow& want = *reference.windows()[0];
  ASSERT_EQ(got.size(), want.size());
  EXPECT_GT(got.size(), 100U);
  EXPECT_EQ(got.summary().bytes, want.summary().bytes);
  for (std::size_t i = 0; i < got.size() && !HasFailure(); ++i) {
    EXPECT_EQ(got.At(i).host, want.At(i).host);
    ExpectSameRole(got.At(i).sent, want.At(i).sent);
    ExpectSameRole(got.At(i).received, want.At(i).received);
  }
}

/// The shortest windows that there are, so that many end while jobs are under way.
TEST_F(SpreadDeviceTest, NothingIsLostOrCountedTwiceAtTheEdgesOfWindows) {
  Run(2 * kNanosecondsPerMillisecond);
  const Reference reference({.workers = 1, .base_length_ns = kDay, .table = options_.table}, stream_);
  ExpectSameBooks(reference);
  EXPECT_EQ(bytes_, reference.windows().at(0)->summary().bytes);
  std::uint64_t late = 0;
  std::uint64_t given_up = 0;
  for (const WorkerStatus& worker : dataplane_->status().workers) {
    late += worker.aggregator->late_flows.Get();
    given_up += worker.spread->window_waits_given_up.Get();
  }
  if (given_up == 0) {
    EXPECT_EQ(late, 0U);
  }
}

}  // namespace
}  // namespace hostscope::dataplane
