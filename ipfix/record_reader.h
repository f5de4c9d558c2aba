#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/accounting.h"
#include "ipfix/flow_batch.h"
#include "ipfix/flow_times.h"
#include "ipfix/plan.h"
#include "ipfix/sampling.h"

namespace hostscope::ipfix {

/// Looks up what options data announced. Implemented by the decoder; called at most once per record, and only
/// for records that name a selector.
class SamplerLookup {
 public:
  virtual ~SamplerLookup() = default;
  virtual SamplingRate RateOfSelector(std::uint64_t selector) noexcept = 0;
};

/// What a data set's records need to know beyond their own bytes.
struct SetContext {
  const ExporterSettings* settings = nullptr;
  SamplerLookup* samplers = nullptr;
  SamplingRate default_rate;  ///< for records that announce no rate and name no selector
  bool rate_is_fixed =
      false;  ///< default_rate holds whatever records say: configured, or sampling is ignored
  bool may_be_padded =
      true;  ///< zeros at the end are no records; not so in NetFlow v5, whose header counts them
  bool* saw_nsel_update =
      nullptr;        ///< NSEL: an update that counts was met, in this set or before; never null
  ExportClock clock;  ///< of the message; for times that are not differences
};

/// What came of one set.
struct SetCounts {
  std::uint64_t records = 0;  ///< data records met, padding not included
  std::uint64_t counted = 0;
  std::uint64_t scaled = 0;
  std::uint64_t seen = 0;  ///< flow records: a biflow is two
  std::uint64_t malformed_times = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(RecordSkip::kCount)> skipped{};
  SamplingRate last_rate;  ///< of the last record counted

  void Skip(RecordSkip reason, std::uint64_t count = 1) noexcept {
    skipped[static_cast<std::size_t>(reason)] += count;
  }
};

/// What is known of a set before its records are read.
struct SetSurvey {
  static constexpr std::size_t kMaxSelectors = 4;

  std::uint64_t records = 0;                             ///< as SetCounts has it
  std::array<std::uint64_t, kMaxSelectors> selectors{};  ///< that records name, each once
  std::size_t selector_count = 0;
  bool has_more_selectors = false;  ///< than kMaxSelectors

  std::span<const std::uint64_t> known_selectors() const noexcept {
    return {selectors.data(), selector_count};
  }
};

/// Takes each options record. One virtual call per record: options data are rare.
class OptionsConsumer {
 public:
  virtual ~OptionsConsumer() = default;
  virtual void ConsumeOptions(const SamplingFields& fields, bool has_selector,
                              std::uint64_t selector) noexcept = 0;
};

/// Runs a plan over the records of a set. Works on up to 32 records at a time, one step over all of them, so
/// that the choice of what to do is made once per step and not once per field; what is plain goes a shorter
/// way, see plain_reader.h. Owns 20 KiB of scratch; one thread.
class RecordReader {
 public:
  /// `body` is the set without its header, in the message that it came in. Flow records go to `batch`, which
  /// hands full batches to `consumer`.
  SetCounts ReadFlows(const Plan& plan, std::span<const std::uint8_t> body, const SetContext& context,
                      FlowBatch& batch, FlowConsumer& consumer) noexcept;

  /// Counts the records of a set that may be padded, and notes the selectors that they name where that is
  /// wanted. Reads of a record of fixed length no more than its selector; walks records of variable length.
  SetSurvey Survey(const Plan& plan, std::span<const std::uint8_t> body, bool wants_selectors) noexcept;

  /// Whether the set is nothing but whole records of the plan, and padding.
  bool Fits(const Plan& plan, std::span<const std::uint8_t> body) noexcept;

  /// Returns the number of options records.
  std::uint64_t ReadOptions(const Plan& plan, std::span<const std::uint8_t> body,
                            OptionsConsumer& consumer) noexcept;

  static constexpr std::size_t kChunk = 32;

 private:
  struct Section {
    std::span<const std::uint8_t> bytes;
    bool starts_with_ip = false;
  };

  std::span<const std::uint8_t> WithoutPadding(const Plan& plan, std::span<const std::uint8_t> body) noexcept;
  std::size_t TakeChunk(const Plan& plan, std::span<const std::uint8_t>& body, bool& is_malformed) noexcept;
  const std::uint8_t* WalkRecord(const Plan& plan, const std::uint8_t* record, const std::uint8_t* end,
                                 std::size_t row) noexcept;
  void RunSteps(const Plan& plan, std::size_t rows) noexcept;
  void RunStep(const ReadStep& step, std::size_t rows) noexcept;
  void ReadNumbers(const ReadStep& step, std::size_t rows, std::uint64_t* to) noexcept;
  void ReadSections(const ReadStep& step, std::size_t rows) noexcept;
  void ComputeDurations(const Plan& plan, const ExporterSettings& settings, std::size_t rows,
                        SetCounts& counts) noexcept;
  void EmitChunk(const Plan& plan, std::size_t rows, const SetContext& context, SetCounts& counts,
                 FlowBatch& batch) noexcept;
  void NoteTimes(const Plan& plan, std::size_t row, const SetContext& context, FlowTimes* times) noexcept;
  bool PrepareRow(const Plan& plan, std::size_t row, const SetContext& context, SetCounts& counts) noexcept;
  bool PassesFilters(const Plan& plan, std::size_t row, const SetContext& context,
                     SetCounts& counts) noexcept;
  bool ReadSection(const Plan& plan, std::size_t row) noexcept;
  void ChooseFamily(const Plan& plan, std::size_t row) noexcept;
  SamplingRate RateOfRow(const Plan& plan, std::size_t row, const SetContext& context) noexcept;
  void ChoosePorts(const Plan& plan, std::size_t row) noexcept;
  void EmitRow(const Plan& plan, std::size_t row, SamplingRate rate, SetCounts& counts,
               FlowBatch& batch) noexcept;
  void EmitReverseRow(const Plan& plan, std::size_t row, SamplingRate rate, SetCounts& counts,
                      FlowBatch& batch) noexcept;
  SamplingFields SamplingOf(const Plan& plan, std::size_t row) const noexcept;

  std::uint64_t* ColumnData(Column column) noexcept {
    return columns_[static_cast<std::size_t>(column)].data();
  }
  /// The column's values, or zeros where the plan does not fill it.
  const std::uint64_t* ColumnOrZeros(const Plan& plan, Column column) const noexcept {
    return (plan.Has(column) ? columns_[static_cast<std::size_t>(column)] : zeros_).data();
  }
  std::uint64_t Value(const Plan& plan, Column column, std::size_t row) const noexcept {
    return plan.Has(column) ? columns_[static_cast<std::size_t>(column)][row] : 0;
  }

  /// duration_us_ of a record that carries no usable times.
  static constexpr std::int64_t kNoDuration = INT64_MIN;

  /// The records of a chunk.
  alignas(64) std::array<FlowRecord, kChunk> scratch_{};
  alignas(
      64) std::array<std::array<std::uint64_t, kChunk>, static_cast<std::size_t>(Column::kCount)> columns_{};
  std::array<std::uint64_t, kChunk> zeros_{};
  alignas(64) std::array<std::int64_t, kChunk> duration_us_{};
  std::array<std::int64_t, kChunk> reverse_duration_us_{};
  std::array<Address, kChunk> other_source_{};
  std::array<Address, kChunk> other_destination_{};
  std::array<Section, kChunk> sections_{};
  /// bases_[a][r]: where anchor a of record r stands.
  std::array<std::array<const std::uint8_t*, kChunk>, Plan::kMaxSteps + 1> bases_{};
  const std::uint8_t* zero_tail_ = nullptr;  ///< from here to its end the set holds only zeros
  /// The selector looked up last and its rate: neighbours mostly name the same.
  std::uint64_t known_selector_ = 0;
  SamplingRate known_rate_;
  bool selector_is_known_ = false;
};

}  // namespace hostscope::ipfix
