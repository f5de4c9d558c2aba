#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "exporter/encoding/json_encoder.h"
#include "tests/exporter/sketched_window.h"

// The sketches in JSON records; what their bytes mean is tests/aggregator/sketch_bytes_test.cpp's and
// tests/sketches'.
namespace hostscope::exporter {
namespace {

using aggregator::DistinctFigure;
using aggregator::Role;
using simdjson::dom::element;

std::string Encode(JsonEncoder& encoder, const aggregator::HostRecord& record, const SketchSource& sketches) {
  std::vector<char> text(encoder.max_record_size());
  return std::string(text.data(), encoder.EncodeHost(record, text.data(), sketches));
}

std::string Decode(std::string_view base64) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char digit : base64) {
    if (digit == '=') break;
    bits = bits << 6 | static_cast<unsigned>(kDigits.find(digit));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

TEST(JsonSketches, StandInEachRole) {
  const SketchedWindow window(2000);
  JsonEncoder encoder("mon1", Schema::kHostscope, true);
  encoder.SetWindow(window.span(), false);
  simdjson::dom::parser parser;
  std::size_t roles = 0;
  std::size_t dense = 0;
  std::size_t timed = 0;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const std::string text = Encode(encoder, window.At(i), {window, i});
    element record;
    ASSERT_EQ(parser.parse(text).get(record), simdjson::SUCCESS) << text;
    for (const Role role : {Role::kSent, Role::kReceived}) {
      const char* const name = role == Role::kSent ? "sent" : "received";
      element sketches;
      if (record[name]["sketches"].get(sketches) != simdjson::SUCCESS) continue;
      ++roles;
      const auto expect = [&](const char* figure_name, DistinctFigure figure) {
        const std::string bytes = Decode(std::string_view(sketches[figure_name]));
        EXPECT_EQ(bytes, window.SketchText(i, role, figure));
        dense += bytes.size() == aggregator::kMaxSketchBytes ? 1U : 0U;
      };
      expect("peers", DistinctFigure::kPeers);
      expect("src_ports", DistinctFigure::kSrcPorts);
      expect("dst_ports", DistinctFigure::kDstPorts);
      const aggregator::HostRecord host = window.At(i);
      const aggregator::RoleFigures& figures = role == Role::kSent ? host.sent : host.received;
      EXPECT_EQ(simdjson::dom::object(sketches).size(), figures.duration_count == 0 ? 3U : 4U);
      if (figures.duration_count == 0) continue;
      ++timed;
      EXPECT_EQ(std::uint64_t(sketches["duration"]["flows"]), figures.duration_count);
      EXPECT_EQ(std::uint64_t(sketches["duration"]["microseconds"]), figures.duration_sum_us);
    }
  }
  EXPECT_GT(roles, window.size());
  EXPECT_GT(dense, 0U);
  EXPECT_GT(timed, 0U);
}

TEST(JsonSketches, OnlyWhereAskedForAndThere) {
  const SketchedWindow window(100);
  JsonEncoder with("mon1", Schema::kHostscope, true);
  JsonEncoder without("mon1", Schema::kHostscope);
  JsonEncoder stream4flow("mon1", Schema::kStream4Flow, true);
  JsonEncoder plain_stream4flow("mon1", Schema::kStream4Flow);
  for (JsonEncoder* encoder : {&with, &without}) encoder->SetWindow(window.span(), false);
  const aggregator::HostRecord record = window.At(0);
  const std::string plain = Encode(without, record, {});
  EXPECT_EQ(Encode(without, record, {window, 0}), plain);
  EXPECT_NE(Encode(with, record, {window, 0}), plain);
  EXPECT_EQ(Encode(with, record, {}), plain);
  EXPECT_EQ(Encode(stream4flow, record, {window, 0}), Encode(plain_stream4flow, record, {}));
}

TEST(JsonSketches, TheLongestFit) {
  aggregator::HostRecord record = SenderRecord();
  record.received = record.sent;
  JsonEncoder encoder("mon1", Schema::kHostscope, true);
  const std::size_t plain = JsonEncoder("mon1", Schema::kHostscope).max_record_size();
  encoder.SetWindow(TenSeconds(), false);
  const FullSketches window;
  const std::string text = Encode(encoder, record, {window, 0});
  const std::size_t sketches = text.size() - Encode(encoder, record, {}).size();
  // Both at their longest at once.
  EXPECT_LE(plain + sketches, encoder.max_record_size());
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS);
}

}  // namespace
}  // namespace hostscope::exporter
