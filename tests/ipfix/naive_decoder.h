#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "ipfix/decoder.h"
#include "ipfix/flow_record.h"
#include "ipfix/settings.h"

/// The decoder as one would write it straight from RFC 3954, RFC 7011 and RFC 5103: every record becomes a
/// map from element to bytes, and every rule looks its elements up in that map. Slow, unbounded, and short
/// enough to be checked by reading. Tests and fuzzing compare the compiled plans of ipfix/decoder.h with it.
/// It does not estimate loss, does not expire anything and knows no caps except that on fields per template.
namespace hostscope::ipfix::test {

struct NaiveBooks {
  std::map<DatagramOutcome, std::uint64_t> outcomes;
  std::map<RecordSkip, std::uint64_t> skipped;
  std::map<SetSkip, std::uint64_t> sets_skipped;
  std::map<TemplateEvent, std::uint64_t> templates;
  std::uint64_t records_seen = 0;
  std::uint64_t records_counted = 0;
  std::uint64_t options_records = 0;
  std::uint64_t scaled_records = 0;
  std::uint64_t malformed_times = 0;
};

class NaiveDecoder {
 public:
  explicit NaiveDecoder(Settings settings) : settings_(std::move(settings)) {}

  DatagramOutcome Decode(const Datagram& datagram);

  const NaiveBooks& books() const { return books_; }
  /// The flow records since the last call, in the order of the wire.
  std::vector<FlowRecord> TakeFlows() { return std::exchange(flows_, {}); }

 private:
  using Bytes = std::span<const std::uint8_t>;

  struct FieldKey {
    std::uint32_t enterprise;
    std::uint16_t id;
    friend auto operator<=>(const FieldKey&, const FieldKey&) = default;
  };
  struct Field {
    FieldKey key;
    std::uint16_t length;
    friend bool operator==(const Field&, const Field&) = default;
  };
  struct Template {
    bool is_ipfix = false;
    bool is_options = false;
    std::vector<Field> fields = {};
    bool is_refused = false;  ///< what an exporter that is known to have the id means by it now
    friend bool operator==(const Template&, const Template&) = default;
    std::size_t MinimumLength() const;
    bool IsUsable() const;
  };
  struct Value {
    FieldKey key;
    bool is_variable;
    Bytes bytes;
  };
  using Record = std::vector<Value>;
  struct Rate {
    std::uint64_t population = 1;
    std::uint64_t sample = 1;
  };

  /// (source address, source port, observation domain).
  using ExporterKey = std::tuple<Address, std::uint16_t, std::uint32_t>;
  struct Exporter {
    std::map<std::uint16_t, Template> templates;
    bool saw_nsel_update = false;
  };
  /// Sampling belongs to (address, domain): some exporters send options from another port.
  struct Samplers {
    std::map<std::uint64_t, Rate> by_selector;
    std::optional<Rate> system_wide;
    std::optional<Rate> last;
  };

  struct Counters {
    std::optional<std::uint64_t> packets;
    std::optional<std::uint64_t> bytes;
  };
  struct Duration {
    bool is_malformed = false;
    std::optional<std::uint64_t> microseconds;
  };

  DatagramOutcome DecodeVersion(std::uint16_t version, Bytes payload);
  DatagramOutcome DecodeNetflow5(Bytes payload);
  DatagramOutcome DecodeSets(std::uint16_t version, Bytes sets);
  const ExporterSettings* SettingsFor(const Address& address) const;
  bool Admit(std::uint32_t domain);

  void ReadTemplates(bool is_ipfix, bool is_options, Bytes body);
  bool ReadTemplate(bool is_ipfix, bool is_options, Bytes& body);
  void Learn(std::uint16_t id, Template definition);
  void ReadData(std::uint16_t id, Bytes body);
  void ReadOptionsRecord(const Record& record);

  void ReadFlow(const Record& record);
  static bool HasAddresses(const Record& record);
  static bool HasSection(const Record& record);
  static void FillAddresses(const Record& record, FlowRecord& flow);
  static void FillPorts(const Record& record, FlowRecord& flow);
  static bool FillFromSection(const Record& record, FlowRecord& flow, Counters& counters);
  static std::uint8_t TcpFlags(const Record& record, bool is_reverse);
  Duration DurationOf(const Record& record) const;
  static Duration ReverseDurationOf(const Record& record, const Duration& forward);
  Counters ForwardCounters(const Record& record) const;
  Counters ReverseCounters(const Record& record) const;
  std::optional<RecordSkip> SkipReason(const Record& record, const Counters& forward,
                                       const Counters& reverse);
  static std::optional<Rate> RateInRecord(const Record& record);
  Rate RateFor(const Record& record) const;
  void Emit(const FlowRecord& direction, const Counters& counters, const Duration& duration, Rate rate);

  Settings settings_;
  std::map<ExporterKey, Exporter> exporters_;
  std::map<std::pair<Address, std::uint32_t>, Samplers> samplers_;
  NaiveBooks books_;
  std::vector<FlowRecord> flows_;

  // Of the datagram at hand.
  const Datagram* datagram_ = nullptr;
  const ExporterSettings* exporter_settings_ = nullptr;
  Exporter* exporter_ = nullptr;
  std::uint32_t domain_ = 0;
  std::optional<Rate> announced_;  ///< NetFlow v5: by the header, and by nothing else
};

}  // namespace hostscope::ipfix::test
