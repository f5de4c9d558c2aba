#pragma once

#include <cstdint>

#include "ipfix/data_job.h"
#include "ipfix/flow_batch.h"
#include "ipfix/flow_record.h"
#include "ipfix/record_reader.h"

namespace hostscope::ipfix {

/// Reads the data sets that a decoder on another thread handed out. One thread; never allocates, locks or
/// throws.
class JobReader final : private SamplerLookup {
 public:
  /// As Decoder::SetTap().
  void SetTap(FlowTap* tap) { batch_.SetTap(tap); }

  /// Flow records go to `consumer` in batches, at the latest with the next Flush(). Fills in job.counts and
  /// changes nothing else of the job.
  void Read(DataJob& job, FlowConsumer& consumer) noexcept;

  /// To be called before a window closes, and before the reader rests.
  void Flush(FlowConsumer& consumer) noexcept { batch_.Flush(consumer); }

 private:
  SamplingRate RateOfSelector(std::uint64_t selector) noexcept override;

  RecordReader record_reader_;
  FlowBatch batch_;
  const DataJob* job_ = nullptr;  ///< what RateOfSelector() is asked about
  const DataSet* set_ = nullptr;
};

}  // namespace hostscope::ipfix
