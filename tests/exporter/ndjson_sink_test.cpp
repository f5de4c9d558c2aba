#include "exporter/ndjson_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporter/sketched_window.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using ::testing::HasSubstr;

class NdjsonSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "hostscope-ndjson-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string PathOf(const char* name) const { return (folder_ / name).string(); }

  std::unique_ptr<Sink> Open(const std::string& path, Schema schema = Schema::kHostscope) {
    OpenedSink opened = OpenNdjsonSink({.path = path, .observer = "mon1", .schema = schema});
    EXPECT_EQ(opened.problem, "");
    return std::move(opened.sink);
  }

  static std::vector<std::string> LinesOf(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  static void ExpectWholeObjects(const std::vector<std::string>& lines) {
    simdjson::dom::parser parser;
    for (const std::string& line : lines) ASSERT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;
  }

  std::filesystem::path folder_;
};

TEST_F(NdjsonSinkTest, WritesEveryRecordThenTheWindowRecord) {
  const std::string path = PathOf("out");
  const auto sink = Open(path);
  const ListedWindow window = ManyHosts(5'000);
  EXPECT_EQ(sink->RecordsIn(window), 5'001U);
  EXPECT_EQ(sink->Write(window), "");
  EXPECT_EQ(sink->Write(ManyHosts(10, 1)), "");
  EXPECT_EQ(sink->Flush(1000), "");
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_EQ(lines.size(), 5'012U);
  ExpectWholeObjects(lines);
  EXPECT_THAT(lines[0], HasSubstr("\"host\""));
  EXPECT_THAT(lines[5'000], HasSubstr("\"summary\""));
  EXPECT_THAT(lines[5'011], HasSubstr("\"summary\""));
  EXPECT_EQ(sink->status().delivered, 5'012U);
  EXPECT_EQ(sink->status().windows, 2U);
  EXPECT_EQ(sink->status().dropped, 0U);
}

TEST_F(NdjsonSinkTest, NetworkRecordsComeBetweenHostsAndTheWindow) {
  const std::string path = PathOf("out");
  OpenedSink opened =
      OpenNdjsonSink({.path = path, .observer = "mon1", .networks = aggregator::NetworkLevels{}});
  ASSERT_EQ(opened.problem, "");
  const ListedWindow window(ManyHosts(100), ManyNetworks(20));
  EXPECT_EQ(opened.sink->RecordsIn(window), 121U);
  EXPECT_EQ(opened.sink->Write(window), "");
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_EQ(lines.size(), 121U);
  ExpectWholeObjects(lines);
  EXPECT_THAT(lines[99], HasSubstr("\"host\":{"));
  EXPECT_THAT(lines[100], HasSubstr("\"network\":{\"prefix\":\"10.0.0.0/24\""));
  EXPECT_THAT(lines[119], HasSubstr("\"network\":{\"prefix\":\"10.0.19.0/24\""));
  EXPECT_THAT(lines[120], HasSubstr("\"networks\":20,"));
  EXPECT_EQ(opened.sink->status().delivered, 121U);
  // Not asked for, or not in the schema: none.
  EXPECT_EQ(Open(path)->RecordsIn(window), 101U);
  const auto older = OpenNdjsonSink({.path = path,
                                     .observer = "mon1",
                                     .schema = Schema::kStream4Flow,
                                     .networks = aggregator::NetworkLevels{}});
  EXPECT_EQ(older.sink->RecordsIn(window), 100U);
}

TEST_F(NdjsonSinkTest, AppendsToWhatIsThere) {
  const std::string path = PathOf("out");
  EXPECT_EQ(Open(path)->Write(ManyHosts(1)), "");
  EXPECT_EQ(Open(path)->Write(ManyHosts(1, 1)), "");
  EXPECT_EQ(LinesOf(path).size(), 4U);
}

TEST_F(NdjsonSinkTest, Stream4FlowHasNoWindowRecord) {
  const std::string path = PathOf("out");
  const auto sink = Open(path, Schema::kStream4Flow);
  EXPECT_EQ(sink->Write(ListedWindow(TenSeconds(), {SenderRecord()})), "");
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("host_stats"));
  EXPECT_EQ(sink->status().delivered, 1U);
}

TEST_F(NdjsonSinkTest, SketchesOfAnyLengthAreWrittenWhereAskedFor) {
  const SketchedWindow window(5000);
  for (const bool sketches : {false, true}) {
    const std::string path = PathOf(sketches ? "with" : "without");
    const OpenedSink opened = OpenNdjsonSink({.path = path, .observer = "mon1", .sketches = sketches});
    EXPECT_EQ(opened.sink->Write(window), "");
    const std::vector<std::string> lines = LinesOf(path);
    ASSERT_EQ(lines.size(), window.size() + 1);
    ExpectWholeObjects(lines);
    for (std::size_t i = 0; i < window.size(); ++i) {
      EXPECT_EQ(lines[i].find("\"sketches\":{\"") != std::string::npos, sketches);
    }
  }
}

TEST_F(NdjsonSinkTest, AFolderThatIsMissingIsAProblem) {
  const OpenedSink opened = OpenNdjsonSink({.path = PathOf("missing/out")});
  EXPECT_EQ(opened.sink, nullptr);
  EXPECT_EQ(opened.problem, "ndjson " + PathOf("missing/out") + ": No such file or directory");
}

TEST_F(NdjsonSinkTest, AFullDiskIsReportedAndCounted) {
  const auto sink = Open("/dev/full");
  EXPECT_EQ(sink->Write(ManyHosts(3'000)), "ndjson /dev/full: No space left on device");
  EXPECT_EQ(sink->status().delivered, 0U);
  EXPECT_EQ(sink->status().dropped, 3'001U);
  EXPECT_EQ(sink->status().windows, 0U);
}

// A disk that becomes full in the middle of a line, by way of the limit of the size of files.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(NdjsonSinkTest, ALineThatWasCutShortIsTakenBack) {
  const std::string path = PathOf("out");
  const auto sink = Open(path);
  {
    const SizeLimit limit(2'000'000);
    EXPECT_EQ(sink->Write(ManyHosts(5'000)), "ndjson " + path + ": File too large");
  }
  const std::vector<std::string> lines = LinesOf(path);
  ExpectWholeObjects(lines);
  EXPECT_GT(lines.size(), 1'000U);
  EXPECT_EQ(sink->status().delivered, lines.size());
  EXPECT_EQ(sink->status().delivered + sink->status().dropped, 5'001U);
  EXPECT_EQ(sink->Write(ManyHosts(10, 1)), "");
  const std::vector<std::string> all = LinesOf(path);
  EXPECT_EQ(all.size(), lines.size() + 11);
  ExpectWholeObjects(all);
}

// A file that must not shrink.
TEST_F(NdjsonSinkTest, ALineThatCannotBeTakenBackIsEnded) {
  const int file = memfd_create("ndjson", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const auto sink = Open(path);
  {
    const SizeLimit limit(2'000'001);
    EXPECT_THAT(sink->Write(ManyHosts(5'000)), HasSubstr("File too large"));
  }
  EXPECT_EQ(sink->Write(ManyHosts(10, 1)), "");
  std::vector<std::string> lines = LinesOf(path);
  simdjson::dom::parser parser;
  const auto torn = std::erase_if(
      lines, [&](const std::string& line) { return parser.parse(line).error() != simdjson::SUCCESS; });
  EXPECT_EQ(torn, 1U);
  EXPECT_EQ(sink->status().delivered, lines.size());
  EXPECT_EQ(sink->status().delivered + sink->status().dropped, 5'012U);
  close(file);
}

class Fifo {
 public:
  explicit Fifo(const std::string& path) : path_(path) {
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    reader_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    fcntl(reader_, F_SETFL, 0);
  }
  ~Fifo() { CloseReader(); }
  void CloseReader() {
    if (reader_ >= 0) close(reader_);
    reader_ = -1;
  }
  // Until the writer has begun.
  void AwaitBytes() const {
    pollfd waited{reader_, POLLIN, 0};
    poll(&waited, 1, -1);
  }
  // Everything until the writer closes.
  std::string ReadAll() const {
    std::string text;
    char piece[5000];
    for (ssize_t count; (count = read(reader_, piece, sizeof(piece))) > 0;)
      text.append(piece, static_cast<std::size_t>(count));
    return text;
  }

 private:
  std::string path_;
  int reader_ = -1;
};

TEST_F(NdjsonSinkTest, ASlowReaderOfAPipeGetsEverything) {
  const Fifo fifo(PathOf("pipe"));
  auto sink = Open(PathOf("pipe"));
  std::string text;
  std::thread reader([&] { text = fifo.ReadAll(); });
  EXPECT_EQ(sink->Write(ManyHosts(20'000)), "");
  EXPECT_EQ(sink->status().delivered, 20'001U);
  sink.reset();
  reader.join();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20'001);
}

TEST_F(NdjsonSinkTest, AReaderThatLeavesIsAnErrorNotASignal) {
  struct sigaction action {};
  sigaction(SIGPIPE, nullptr, &action);
  ASSERT_EQ(action.sa_handler, SIG_DFL);  // a SIGPIPE would end this process
  Fifo fifo(PathOf("pipe"));
  const auto sink = Open(PathOf("pipe"));
  fifo.CloseReader();
  EXPECT_THAT(sink->Write(ManyHosts(100)), HasSubstr("Broken pipe"));
  EXPECT_EQ(sink->status().dropped, 101U);
}

TEST_F(NdjsonSinkTest, CancelEndsTheWaitForAReader) {
  const Fifo fifo(PathOf("pipe"));
  const auto sink = Open(PathOf("pipe"));
  std::thread canceller([&] {
    fifo.AwaitBytes();
    sink->Cancel();
  });
  EXPECT_THAT(sink->Write(ManyHosts(10'000)), HasSubstr("cancelled"));  // or the test never ends
  canceller.join();
  const SinkStatus status = sink->status();
  EXPECT_GT(status.delivered, 0U);  // as much as the pipe holds
  EXPECT_EQ(status.delivered + status.dropped, 10'001U);
  EXPECT_THAT(sink->Write(ManyHosts(1)), HasSubstr("cancelled"));
}

TEST(NdjsonSink, ALineThatAKilledProgramLeftIsEnded) {
  const std::string path = ::testing::TempDir() + "hostscope-torn-" + std::to_string(getpid());
  std::ofstream(path) << "{\"whole\":1}\n{\"torn\":";
  OpenedSink opened = OpenNdjsonSink({.path = path});
  EXPECT_EQ(opened.sink->Write(ManyHosts(1)), "");
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1], "{\"torn\":");
  EXPECT_EQ(lines[2].substr(0, 15), "{\"@timestamp\":\"");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hostscope::exporter
