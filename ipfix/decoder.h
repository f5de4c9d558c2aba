#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ipfix/accounting.h"
#include "ipfix/address.h"
#include "ipfix/data_job.h"
#include "ipfix/decoder_observer.h"
#include "ipfix/exporter_policy.h"
#include "ipfix/flow_record.h"
#include "ipfix/flow_tap.h"
#include "ipfix/settings.h"
#include "ipfix/time.h"

namespace hostscope::ipfix {

/// One UDP payload and where it came from. The bytes are borrowed for the duration of the call only.
struct Datagram {
  std::span<const std::uint8_t> payload;
  Address source;
  std::uint16_t source_port = 0;  ///< host byte order
  ReceiveTime received;
};

/// Whose sampling rate counts for an exporter.
enum class SamplingOrigin : std::uint8_t {
  kAnnounced,   ///< what it says by itself
  kConfigured,  ///< that of its settings, whatever it says
  kIgnored,     ///< none: its settings say so
};

/// What one exporter (source address, source port, observation domain) has sent so far, for other threads.
/// Holds no memory of its own, so that a decoding thread can write it down without asking for any.
struct ExporterBooks {
  Address address;
  std::uint16_t port = 0;
  std::uint16_t version = 0;  ///< 5, 9 or 10: of the last datagram
  std::uint32_t observation_domain = 0;
  std::uint32_t templates = 0;
  ReceiveTime last_received;
  ReceiveTime template_received;  ///< the last template, new or again; the epoch: none came since it is known
  std::uint64_t held_bytes = 0;   ///< of data sets that wait for their template
  double sampling_rate = 1;       ///< the last rate applied; 1 is unsampled
  double announced_rate = 1;      ///< in options data, for records that name no selector; 1: none
  SamplingOrigin sampling_origin = SamplingOrigin::kAnnounced;
  std::int64_t clock_offset_ns = 0;  ///< exporter's export time minus arrival, of the last datagram
  Accounting accounting;
};

/// Decodes NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) datagrams into flow records. Owned and used
/// by one thread. All memory is taken at construction, to the caps of `Settings`; Decode() neither allocates
/// nor locks nor throws, whatever the bytes are.
class Decoder {
 public:
  /// `observer`, where there is one, outlives the decoder.
  explicit Decoder(const Settings& settings, DecoderObserver* observer = nullptr);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Who is shown every flow record besides the consumer; null, as it is at first: nobody. Before the first
  /// datagram, on any thread. `tap` lives longer.
  void SetTap(FlowTap* tap);

  /// Reads one datagram. Its flow records go to `consumer` in batches: at the latest with the next Flush(),
  /// so that records of small datagrams share a batch. The same consumer must be passed until then.
  DatagramOutcome Decode(const Datagram& datagram, FlowConsumer& consumer) noexcept;

  /// As Decode(), but leaves data sets to another thread as far as they can be: `job` tells which,
  /// job.set_count how many. Everything that depends on the order of datagrams has happened when this
  /// returns: templates, options, sequence numbers. If there are any sets, a JobReader has to read the job,
  /// and Finish() to take it back; until then neither the job nor the datagram's bytes may change. Jobs may
  /// be read and finished in any order.
  DatagramOutcome Split(const Datagram& datagram, FlowConsumer& consumer, DataJob& job) noexcept;

  /// Books what came of a job that was split off here. Every job that has sets must come back, once.
  void Finish(const DataJob& job) noexcept;

  /// Hands out what is still in the batch. To be called at the end of a burst and before a window closes.
  void Flush(FlowConsumer& consumer) noexcept;

  /// Drops templates and exporters whose lifetime is over. To be called about once a second; bounded work per
  /// call.
  void Expire(ReceiveTime now) noexcept;

  /// The clock that datagrams' receive times are of was set by so much: what is remembered is as old as it
  /// was. Looks at everything that is.
  void ShiftClock(std::int64_t ns) noexcept;

  /// Replaces the settings of exporters and who may send: from now on `policy`'s are in force, which begin as
  /// those of the Settings. What changes how templates are read (post_counters_are_reverse, direction) holds
  /// for a template when it is sent again. An exporter that may not send any more is forgotten by and by.
  /// Precondition: HasSettled(). The policy stays the caller's, until another one was adopted and
  /// HasSettled().
  void Adopt(ExporterPolicy& policy) noexcept;
  /// Whether nothing refers any more to the policy before the one in force. Comes true with calls of
  /// Expire(), within half a minute.
  bool HasSettled() const noexcept;
  /// What is in force. Decoding thread only.
  const ExporterPolicy& policy() const noexcept;

  /// Readable from any thread.
  const Accounting& accounting() const noexcept;

  /// Number of exporters (address, port, domain) tracked now; readable from any thread.
  std::uint32_t exporter_count() const noexcept;
  /// Exporters that sent since the last call: to be asked once at each window's edge. Decoding thread only;
  /// O(1).
  std::uint32_t TakeActiveExporters() noexcept;
  /// Writes down every exporter, in the place of what is in `into`. Decoding thread only; allocates nothing
  /// where `into` has room for Settings::max_exporters.
  void CopyExporters(std::vector<ExporterBooks>& into) const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::ipfix
