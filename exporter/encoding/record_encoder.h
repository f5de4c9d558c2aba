#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/proto_encoder.h"

namespace hostscope::exporter {

enum class RecordFormat : std::uint8_t { kJson, kProtobuf };

/// The encoder of a sink that can be told which format to write; see json_encoder.h and proto_encoder.h.
/// One thread.
class RecordEncoder {
 public:
  /// `schema` is JSON's: Protobuf has one schema.
  RecordEncoder(RecordFormat format, std::string_view observer, Schema schema, bool with_sketches,
                const ContextSource* context = nullptr)
      : encoder_(Make(format, observer, schema, with_sketches, context)) {}

  std::size_t max_record_size() const noexcept {
    return is_json() ? json()->max_record_size() : proto()->max_record_size();
  }
  std::size_t window_records() const noexcept {
    return is_json() ? json()->window_records() : proto()->window_records();
  }
  void SetWindow(const aggregator::WindowSpan& span, bool partial) noexcept {
    is_json() ? json()->SetWindow(span, partial) : proto()->SetWindow(span, partial);
  }
  char* EncodeHost(const aggregator::HostRecord& record, char* out, const SketchSource& sketches) noexcept {
    return is_json() ? json()->EncodeHost(record, out, sketches) : proto()->EncodeHost(record, out, sketches);
  }
  char* EncodeNetwork(const aggregator::NetworkRecord& record, char* out) noexcept {
    return is_json() ? json()->EncodeNetwork(record, out) : proto()->EncodeNetwork(record, out);
  }
  char* EncodeAnomaly(const aggregator::ProfileEvent& event, char* out) noexcept {
    return is_json() ? json()->EncodeAnomaly(event, out) : proto()->EncodeAnomaly(event, out);
  }
  std::size_t AnomaliesIn(const aggregator::ClosedWindow& window) const noexcept {
    return is_json() ? json()->AnomaliesIn(window) : window.CountEvents();
  }
  char* EncodeWindow(const aggregator::WindowSummary& summary, char* out,
                     std::uint64_t networks) const noexcept {
    return is_json() ? json()->EncodeWindow(summary, out, networks)
                     : proto()->EncodeWindow(summary, out, networks);
  }
  /// `levels` where there are network records.
  std::optional<aggregator::NetworkLevels> LevelsToWrite(
      const std::optional<aggregator::NetworkLevels>& levels) const {
    return is_json() ? json()->LevelsToWrite(levels) : levels;
  }

 private:
  using Encoder = std::variant<JsonEncoder, ProtoEncoder>;
  static Encoder Make(RecordFormat format, std::string_view observer, Schema schema, bool with_sketches,
                      const ContextSource* context) {
    if (format == RecordFormat::kProtobuf) return ProtoEncoder(observer, with_sketches);
    return JsonEncoder(observer, schema, with_sketches, HostNetwork::kText, context);
  }

  bool is_json() const noexcept { return std::holds_alternative<JsonEncoder>(encoder_); }
  JsonEncoder* json() noexcept { return std::get_if<JsonEncoder>(&encoder_); }
  const JsonEncoder* json() const noexcept { return std::get_if<JsonEncoder>(&encoder_); }
  ProtoEncoder* proto() noexcept { return std::get_if<ProtoEncoder>(&encoder_); }
  const ProtoEncoder* proto() const noexcept { return std::get_if<ProtoEncoder>(&encoder_); }

  Encoder encoder_;
};

}  // namespace hostscope::exporter
