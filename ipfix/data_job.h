#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/accounting.h"
#include "ipfix/flow_times.h"
#include "ipfix/plan.h"
#include "ipfix/sampling.h"
#include "ipfix/settings.h"
#include "ipfix/time.h"

namespace hostscope::ipfix {

/// A data set that is to be read elsewhere, by the template that was valid where it stood in the exporter's
/// stream.
struct DataSet {
  const Plan* plan = nullptr;
  std::span<const std::uint8_t> body;  ///< without the set's header; the datagram's bytes
  SamplingRate default_rate;
  std::uint32_t plan_index = 0;  ///< the decoder's; see PlanPool
  std::uint8_t first_rate = 0;   ///< in DataJob::rates
  std::uint8_t rate_count = 0;
  bool rate_is_fixed = false;
  bool may_be_padded = true;
};

/// The rate of a selector when the set arrived.
struct SelectorRate {
  std::uint64_t selector = 0;
  SamplingRate rate;
};

/// What came of a job: one cache line on its way back.
struct alignas(64) JobCounts {
  std::uint32_t seen = 0;
  std::uint32_t counted = 0;
  std::uint32_t scaled = 0;
  std::uint32_t malformed_times = 0;
  std::uint32_t substitute_counters = 0;
  std::uint32_t without_counters = 0;
  std::array<std::uint32_t, static_cast<std::size_t>(RecordSkip::kCount)> skipped{};
  SamplingRate last_rate;
};
static_assert(sizeof(JobCounts) == 64, "a job's result is one cache line");

/// The data sets of one datagram, with all that reading them needs besides the datagram's own bytes, so that
/// another thread can do it: a JobReader reads, and the decoder that handed the job out takes back its
/// counts. Everything but `counts` is the decoder's to write, and stays as it is until then.
struct DataJob {
  static constexpr std::size_t kMaxSets = 8;
  static constexpr std::size_t kMaxRates = 8;

  JobCounts counts;                            ///< the reader's
  ReceiveTime received;                        ///< when the datagram arrived
  const ExporterSettings* settings = nullptr;  ///< immutable; its policy stays until the job is back
  ExportClock clock;                           ///< what its message says
  std::uint64_t order = 0;     ///< of the exporter's sets of flow records, the last one in here
  std::uint32_t exporter = 0;  ///< the decoder's index
  std::uint32_t policy = 0;    ///< number of the policy that `settings` are of
  std::uint16_t set_count = 0;
  std::uint16_t rate_count = 0;
  std::array<DataSet, kMaxSets> sets;
  std::array<SelectorRate, kMaxRates> rates;
};

}  // namespace hostscope::ipfix
