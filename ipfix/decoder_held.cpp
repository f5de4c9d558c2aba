#include "ipfix/decoder_state.h"

// Data sets that come before their template: kept for a while, and read once it is there.
namespace hostscope::ipfix {

/// False: it can't be kept, and is lost.
bool Decoder::Impl::Hold(Message& message, std::uint16_t id, std::span<const std::uint8_t> body) noexcept {
  if (!held_.is_on()) return false;
  Book(message, &Accounting::early_sets, EarlySet::kMet);
  const std::size_t size = HeldData::SizeOf(body.size());
  Exporter& exporter = *message.exporter;
  const ReceiveTime now = message.datagram->received;
  ExpireHeld(now);
  const bool may_stay =
      exporter.held.bytes + size <= settings_.held_bytes_per_exporter && size <= settings_.held_bytes;
  for (HeldData::Set oldest; may_stay && !held_.HasRoom(size) && held_.Oldest(oldest);) {
    GiveUpOldest(oldest, EarlySet::kNoRoom);
  }
  if (!may_stay || !held_.HasRoom(size)) {
    Book(message, &Accounting::early_sets, EarlySet::kNoRoom);
    return false;
  }
  held_.Push({.received = now, .exporter = message.exporter_index, .id = id, .body = body}, exporter.held);
  return true;
}

void Decoder::Impl::GiveUpOldest(const HeldData::Set& oldest, EarlySet why) noexcept {
  Exporter& exporter = exporters_[oldest.exporter];
  held_.PopOldest(exporter.held);
  BookLost(exporter, why);
}

void Decoder::Impl::BookLost(Exporter& exporter, EarlySet why) noexcept {
  for (Accounting* const books : {&exporter.accounting, &total_}) {
    books->early_sets.Add(why);
    books->sets_skipped.Add(SetSkip::kUnknownTemplate);
  }
}

void Decoder::Impl::ExpireHeld(ReceiveTime now) noexcept {
  if (!held_.is_on()) return;
  HeldData::Set oldest;
  while (held_.Oldest(oldest) && now.ns - oldest.received.ns > settings_.held_lifetime_ns) {
    GiveUpOldest(oldest, EarlySet::kExpired);
  }
}

/// The template `id` of the message's exporter has just come. What was held counts in the window in which it
/// arrived, where the consumer can still do that.
void Decoder::Impl::ReadHeld(Message& message, std::uint16_t id) noexcept {
  Exporter& exporter = *message.exporter;
  if (exporter.held.first == HeldData::kNone) return;
  const ReceiveTime now = message.datagram->received;
  const std::uint64_t units = message.data_records;  // of this message: these are of others
  batch_.Flush(*message.consumer);
  HeldData::Set set;
  std::uint64_t before = HeldData::kNone;
  for (std::uint64_t at = exporter.held.first; held_.Take(exporter.held, id, at, before, set);) {
    if (now.ns - set.received.ns > settings_.held_lifetime_ns) {
      BookLost(exporter, EarlySet::kExpired);
      continue;
    }
    message.consumer->SetArrival(set.received);
    Book(message, &Accounting::early_sets, EarlySet::kRead);
    const Plan& plan = plans_[templates_[templates_.Find({message.exporter_index, id})].plan];
    if (plan.is_options) {
      ReadOptions(message, plan, set.body);
    } else {
      ReadFlows(message, plan, set.body, DefaultRate(message.key));
    }
    batch_.Flush(*message.consumer);
  }
  message.consumer->SetArrival(now);
  message.data_records = units;
}

void Decoder::Impl::ForgetHeld(Exporter& exporter) noexcept {
  while (exporter.held.first != HeldData::kNone) {
    held_.TakeFirst(exporter.held);
    BookLost(exporter, EarlySet::kExpired);
  }
}

}  // namespace hostscope::ipfix
