#include "exporter/encoding/proto_encoder.h"

#include <gtest/gtest.h>
#include <hostscope.pb.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/json_text.h"
#include "tests/exporter/sketched_window.h"
#include "tests/exporter/windows.h"

// What protoc makes of hostscope.proto reads what the encoder writes.
namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::HostTops;
using aggregator::WindowSpan;
using aggregator::WindowSummary;
using google::protobuf::Message;
using simdjson::dom::element;

std::string Encode(ProtoEncoder& encoder, const HostRecord& record, const SketchSource& sketches = {}) {
  std::vector<char> bytes(encoder.max_record_size());
  return std::string(bytes.data(), encoder.EncodeHost(record, bytes.data(), sketches));
}

v1::Record Parse(const std::string& bytes) {
  v1::Record record;
  EXPECT_TRUE(record.ParseFromString(bytes));
  return record;
}

bool HasUnknown(const Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  return std::any_of(fields.begin(), fields.end(), [&](const auto* field) {
    if (field->message_type() == nullptr) return false;
    if (!field->is_repeated()) return HasUnknown(reflection->GetMessage(message, field));
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknown(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
    return false;
  });
}

std::string TextOf(const std::string& octets) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(octets.data());
  if (octets.size() == 16) return ToText(Address::FromIpv6(bytes));
  EXPECT_EQ(octets.size(), 4U);
  std::uint32_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return ToText(Address::FromIpv4(bits));
}

std::string HexOf(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) & 0xf];
  }
  return text;
}

std::string TimeOf(std::int64_t ns) {
  char text[kTimeText];
  FormatTime(ReceiveTime{ns}, text);
  return std::string(text, kTimeText);
}

/// A message as the object that JSON has for it, name by name: numbers as decimals.
using Fields = std::vector<std::pair<std::string, std::string>>;

void AddNumbers(const Message& message, const std::string& prefix, Fields& fields) {
  const auto* descriptor = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool may_be_left_out = field->name() == "networks" || field->name() == "clock_step";
    if (may_be_left_out && !reflection->HasField(message, field)) continue;
    if (field->name() == "avg_duration_ms" || field->name() == "sketches") continue;
    if (field->name().starts_with("top_")) continue;
    if (field->message_type() != nullptr) {
      AddNumbers(reflection->GetMessage(message, field), prefix + field->name() + "/", fields);
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) {
      fields.emplace_back(prefix + field->name(), std::to_string(reflection->GetDouble(message, field)));
    } else {
      fields.emplace_back(prefix + field->name(), std::to_string(reflection->GetUInt64(message, field)));
    }
  }
}

/// Top lists as JSON has them; each also as its length, since an empty one is not the same as none.
template <typename List, typename TextOfMember>
void AddTops(const List& list, const std::string& name, TextOfMember text_of, Fields& fields) {
  fields.emplace_back(name, std::to_string(list.entries_size()));
  for (int i = 0; i < list.entries_size(); ++i) {
    const auto& entry = list.entries(i);
    const std::string path = name + "/" + std::to_string(i) + "/";
    fields.push_back(text_of(path, entry));
    if (entry.has_flows()) fields.emplace_back(path + "flows", std::to_string(entry.flows()));
    if (entry.has_bytes()) fields.emplace_back(path + "bytes", std::to_string(entry.bytes()));
  }
  if (list.error() != 0) fields.emplace_back(name + "_error", std::to_string(list.error()));
}

void AddTops(const v1::Role& role, const std::string& name, Fields& fields) {
  using Field = Fields::value_type;
  if (role.has_top_peers()) {
    AddTops(
        role.top_peers(), name + "/top_peers",
        [](const std::string& path, const v1::TopPeer& entry) {
          return Field(path + "ip", TextOf(entry.ip()));
        },
        fields);
  }
  if (role.has_top_dst_ports()) {
    AddTops(
        role.top_dst_ports(), name + "/top_dst_ports",
        [](const std::string& path, const v1::TopPort& entry) {
          return Field(path + "port", std::to_string(entry.port()));
        },
        fields);
  }
}

Fields FieldsOf(const v1::Record& record) {
  Fields fields{{"@timestamp", TimeOf(record.window().start_ns())},
                {"window/start", TimeOf(record.window().start_ns())},
                {"window/end", TimeOf(record.window().start_ns() + record.window().length_ns())},
                {"window/seconds", std::to_string(static_cast<double>(record.window().length_ns()) / 1e9)},
                {"observer/name", record.observer()}};
  if (record.partial()) fields.emplace_back("partial", "true");
  if (record.has_host()) {
    const v1::Host& host = record.host();
    fields.emplace_back(host.other() ? "host/other" : "host/ip", host.other() ? "true" : TextOf(host.ip()));
    fields.emplace_back("host/network",
                        TextOf(host.network().address()) + "/" + std::to_string(host.network().length()));
    fields.emplace_back("record_id", HexOf(record.record_id()));
  }
  const auto add_role = [&](const std::string& name, const v1::Role& role) {
    AddNumbers(role, name + "/", fields);
    AddTops(role, name, fields);
    if (role.has_avg_duration_ms()) {
      fields.emplace_back(name + "/avg_duration",
                          std::to_string(static_cast<double>(role.avg_duration_ms()) / 1e3));
    }
  };
  if (record.has_sent()) add_role("sent", record.sent());
  if (record.has_received()) add_role("received", record.received());
  if (record.has_summary()) AddNumbers(record.summary(), "summary/", fields);
  std::sort(fields.begin(), fields.end());
  return fields;
}

void AddElement(const element& value, const std::string& path, Fields& fields) {
  if (value.is_object()) {
    for (const auto& [name, inner] : simdjson::dom::object(value)) {
      AddElement(inner, path.empty() ? std::string(name) : path + "/" + std::string(name), fields);
    }
  } else if (value.is_array()) {
    const simdjson::dom::array list(value);
    fields.emplace_back(path, std::to_string(list.size()));
    std::size_t i = 0;
    for (const element inner : list) AddElement(inner, path + "/" + std::to_string(i++), fields);
  } else if (value.is_string()) {
    fields.emplace_back(path, std::string(std::string_view(value)));
  } else if (value.is_bool()) {
    fields.emplace_back(path, bool(value) ? "true" : "false");
  } else if (path.ends_with("seconds") || path.ends_with("avg_duration") || path.ends_with("sequence_loss") ||
             path.ends_with("sampled_share") || path.ends_with("clock_step")) {
    fields.emplace_back(path, std::to_string(double(value)));
  } else {
    fields.emplace_back(path, std::to_string(std::uint64_t(value)));
  }
}

Fields FieldsOf(const std::string& json) {
  simdjson::dom::parser parser;
  Fields fields;
  AddElement(parser.parse(json), "", fields);
  std::sort(fields.begin(), fields.end());
  return fields;
}

TEST(ProtoEncoder, ARecordSaysWhatTheJsonRecordSays) {
  std::mt19937_64 random(8);
  ProtoEncoder proto("mon1");
  JsonEncoder json("mon1", Schema::kHostscope);
  std::vector<char> text(json.max_record_size());
  for (int i = 0; i < 20'000; ++i) {
    const WindowSpan span{ReceiveTime{static_cast<std::int64_t>(random() >> 2)},
                          1 + static_cast<std::int64_t>(random() >> 20)};
    const bool is_partial = random() % 2 == 0;
    proto.SetWindow(span, is_partial);
    json.SetWindow(span, is_partial);
    const HostRecord record = RandomRecord(random);
    const v1::Record read = Parse(Encode(proto, record));
    ASSERT_FALSE(HasUnknown(read)) << read.DebugString();
    ASSERT_EQ(FieldsOf(read), FieldsOf(std::string(text.data(), json.EncodeHost(record, text.data()))));
  }
}

TEST(ProtoEncoder, TopListsSayWhatTheJsonRecordSays) {
  std::mt19937_64 random(11);
  ProtoEncoder proto("mon1");
  JsonEncoder json("mon1", Schema::kHostscope);
  std::vector<char> text(json.max_record_size());
  for (int i = 0; i < 5'000; ++i) {
    proto.SetWindow(TenSeconds(i), false);
    json.SetWindow(TenSeconds(i), false);
    HostRecord record = RandomRecord(random);
    record.tops = std::make_shared<HostTops>(RandomTops(random));
    const std::string bytes = Encode(proto, record);
    const v1::Record read = Parse(bytes);
    ASSERT_FALSE(HasUnknown(read)) << read.DebugString();
    ASSERT_EQ(FieldsOf(read), FieldsOf(std::string(text.data(), json.EncodeHost(record, text.data()))));
    ASSERT_EQ(read.SerializeAsString(), bytes);
  }
}

TEST(ProtoEncoder, ACountOfZeroSaysWhatIsCounted) {
  HostTops tops;
  tops.has_dst_ports = true;
  tops.by = aggregator::TopBy::kBytes;
  tops.sent.dst_ports.entries = {{0, 0}};
  HostRecord record = SenderRecord();
  record.tops = std::make_shared<HostTops>(tops);
  ProtoEncoder proto("mon1");
  proto.SetWindow(TenSeconds(), false);
  const v1::Record read = Parse(Encode(proto, record));
  EXPECT_FALSE(read.sent().has_top_peers());
  ASSERT_EQ(read.sent().top_dst_ports().entries_size(), 1);
  EXPECT_TRUE(read.sent().top_dst_ports().entries(0).has_bytes());
}

TEST(ProtoEncoder, AWindowRecordSaysWhatTheJsonRecordSays) {
  std::mt19937_64 random(9);
  ProtoEncoder proto("mon1");
  JsonEncoder json("mon1", Schema::kHostscope);
  std::vector<char> text(json.max_record_size());
  for (int i = 0; i < 2'000; ++i) {
    proto.SetWindow(TenSeconds(i), i % 2 == 0);
    json.SetWindow(TenSeconds(i), i % 2 == 0);
    const auto any = [&random] { return random() >> random() % 64; };
    WindowSummary summary{any(), any(), any(), any(), any(), any(), any(), any(), any() | 1, any()};
    if (i % 3 == 0)
      summary.clock_step_ns = (static_cast<std::int64_t>(random() % 20'000) - 10'000) * 500'000'000;
    const v1::Record read = Parse(std::string(text.data(), proto.EncodeWindow(summary, text.data())));
    ASSERT_FALSE(HasUnknown(read));
    ASSERT_EQ(FieldsOf(read), FieldsOf(std::string(text.data(), json.EncodeWindow(summary, text.data()))));
  }
}

TEST(ProtoEncoder, BytesAreThoseOfTheGeneratedClasses) {
  // Fields in the order of their numbers, zeros left out: what everyone writes.
  std::mt19937_64 random(10);
  ProtoEncoder proto("mon1");
  for (int i = 0; i < 2'000; ++i) {
    proto.SetWindow(TenSeconds(i), i % 2 == 0);
    const std::string bytes = Encode(proto, RandomRecord(random));
    ASSERT_EQ(Parse(bytes).SerializeAsString(), bytes);
  }
}

TEST(ProtoEncoder, NoMeanIsNotAMeanOfZero) {
  ProtoEncoder proto("mon1");
  proto.SetWindow(TenSeconds(), false);
  HostRecord record = SenderRecord();
  record.sent.duration_sum_us = 0;
  EXPECT_TRUE(Parse(Encode(proto, record)).sent().has_avg_duration_ms());
  record.sent.duration_count = 0;
  EXPECT_FALSE(Parse(Encode(proto, record)).sent().has_avg_duration_ms());
}

TEST(ProtoEncoder, TheRecordOfTheDesignIsShort) {
  ProtoEncoder proto("mon1");
  proto.SetWindow(TenSeconds(), false);
  EXPECT_EQ(Encode(proto, SenderRecord()).size(), 95U);
}

TEST(ProtoEncoder, SketchesAreTheWindows) {
  const SketchedWindow window(2000);
  ProtoEncoder with("mon1", true);
  ProtoEncoder without("mon1");
  with.SetWindow(window.span(), false);
  without.SetWindow(window.span(), false);
  std::size_t dense = 0;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const v1::Record read = Parse(Encode(with, window.At(i), {window, i}));
    const auto expect = [&](const v1::Role& role, aggregator::Role which) {
      EXPECT_EQ(role.sketches().peers(), window.SketchText(i, which, aggregator::DistinctFigure::kPeers));
      EXPECT_EQ(role.sketches().src_ports(),
                window.SketchText(i, which, aggregator::DistinctFigure::kSrcPorts));
      EXPECT_EQ(role.sketches().dst_ports(),
                window.SketchText(i, which, aggregator::DistinctFigure::kDstPorts));
      dense += role.sketches().peers().size() == aggregator::kMaxSketchBytes ? 1U : 0U;
    };
    if (read.has_sent()) expect(read.sent(), aggregator::Role::kSent);
    if (read.has_received()) expect(read.received(), aggregator::Role::kReceived);
    EXPECT_FALSE(Parse(Encode(without, window.At(i), {window, i})).sent().has_sketches());
  }
  EXPECT_GT(dense, 0U);
}

TEST(ProtoEncoder, TheLongestRecordFits) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const HostRecord record = LongestRecord();
  ProtoEncoder encoder(std::string(1000, 'a'), true);
  encoder.SetWindow({ReceiveTime{-1}, std::numeric_limits<std::int64_t>::max()}, true);
  const FullSketches window;
  const std::string bytes = Encode(encoder, record, {window, 0});
  EXPECT_GT(bytes.size(), 6 * aggregator::kMaxSketchBytes);
  EXPECT_LE(bytes.size(), encoder.max_record_size());
  EXPECT_EQ(Parse(bytes).received().sketches().dst_ports().size(), aggregator::kMaxSketchBytes);

  ProtoEncoder plain(std::string(1000, 'a'));
  plain.SetWindow({ReceiveTime{-1}, std::numeric_limits<std::int64_t>::max()}, true);
  EXPECT_LE(Encode(plain, record).size(), plain.max_record_size());
  std::vector<char> text(plain.max_record_size());
  const WindowSummary summary{kMost, kMost, kMost, kMost, kMost, kMost, kMost, 1, kMost, 1};
  EXPECT_LE(plain.EncodeWindow(summary, text.data()), text.data() + text.size());
}

TEST(ProtoEncoder, NetworkRecordsReadBack) {
  ProtoEncoder encoder("mon1");
  encoder.SetWindow(TenSeconds(), false);
  aggregator::NetworkRecord record = LevelRecord();
  record.received = record.sent;
  record.received.flows = 99;
  record.other_hosts = 3;
  record.is_incomplete = true;
  std::vector<char> bytes(encoder.max_record_size());
  const v1::Record level = Parse(std::string(bytes.data(), encoder.EncodeNetwork(record, bytes.data())));
  EXPECT_FALSE(HasUnknown(level));
  EXPECT_FALSE(level.has_host());
  EXPECT_FALSE(level.has_summary());
  EXPECT_EQ(TextOf(level.network().prefix().address()), "10.20.30.0");
  EXPECT_EQ(level.network().prefix().length(), 24U);
  EXPECT_EQ(TextOf(level.network().within().address()), "10.20.0.0");
  EXPECT_EQ(level.network().within().length(), 16U);
  EXPECT_FALSE(level.network().monitored());
  EXPECT_TRUE(level.network().incomplete());
  EXPECT_EQ(level.network().hosts(), 7U);
  EXPECT_EQ(level.network().other_hosts(), 3U);
  EXPECT_EQ(level.sent().bytes(), record.sent.bytes);
  EXPECT_EQ(level.received().flows(), 99U);
  EXPECT_EQ(HexOf(level.record_id()), "009bee9dc003c332c4cc90483e979584");  // the JSON record's

  record.within.reset();
  record.is_monitored = true;
  record.sent.flows = 0;
  const v1::Record monitored = Parse(std::string(bytes.data(), encoder.EncodeNetwork(record, bytes.data())));
  EXPECT_FALSE(monitored.network().has_within());
  EXPECT_TRUE(monitored.network().monitored());
  EXPECT_FALSE(monitored.has_sent());

  char* const end = encoder.EncodeWindow({.hosts = 5}, bytes.data(), 31);
  EXPECT_EQ(Parse(std::string(bytes.data(), end)).summary().networks(), 31U);
}

}  // namespace
}  // namespace hostscope::exporter
