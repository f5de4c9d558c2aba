#include "ipfix/held_data.h"

#include <cstring>

namespace hostscope::ipfix {

/// In front of each set's bytes. An exporter's sets are linked; one that is taken out, or that only fills the
/// ring up to its end, is gone: it takes room until it is the oldest.
struct HeldData::Entry {
  std::int64_t received_ns = 0;
  std::uint64_t next = kNone;
  std::uint32_t size = 0;  ///< with this
  std::uint32_t exporter = 0;
  std::uint16_t id = 0;
  std::uint16_t length = 0;  ///< of the body
  std::uint32_t is_gone = 0;
};

namespace {

constexpr std::size_t kAlignment = 32;  // no entry is torn by the ring's end

}  // namespace

HeldData::HeldData(std::size_t capacity)
    : capacity_(capacity / kAlignment * kAlignment),
      bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity_)) {}

std::size_t HeldData::SizeOf(std::size_t body_length) noexcept {
  static_assert(sizeof(Entry) == kAlignment);
  return (sizeof(Entry) + body_length + kAlignment - 1) / kAlignment * kAlignment;
}

HeldData::Entry HeldData::EntryAt(std::uint64_t position) const noexcept {
  Entry entry;
  std::memcpy(&entry, &bytes_[position % capacity_], sizeof(entry));
  return entry;
}

void HeldData::Store(std::uint64_t position, const Entry& entry) noexcept {
  std::memcpy(&bytes_[position % capacity_], &entry, sizeof(entry));
}

HeldData::Set HeldData::SetAt(std::uint64_t position, const Entry& entry) const noexcept {
  return {.received = {entry.received_ns},
          .exporter = entry.exporter,
          .id = entry.id,
          .body = {&bytes_[position % capacity_] + sizeof(entry), entry.length}};
}

std::size_t HeldData::FillerFor(std::size_t size) const noexcept {
  const std::size_t to_end = capacity_ - end_ % capacity_;
  return to_end < size ? to_end : 0;
}

bool HeldData::HasRoom(std::size_t size) const noexcept {
  return end_ - begin_ + FillerFor(size) + size <= capacity_;
}

void HeldData::Push(const Set& set, List& list) noexcept {
  const std::size_t size = SizeOf(set.body.size());
  if (const std::size_t filler = FillerFor(size); filler != 0) {
    Store(end_, {.size = static_cast<std::uint32_t>(filler), .is_gone = 1});
    end_ += filler;
  }
  Store(end_, {.received_ns = set.received.ns,
               .size = static_cast<std::uint32_t>(size),
               .exporter = set.exporter,
               .id = set.id,
               .length = static_cast<std::uint16_t>(set.body.size())});
  if (!set.body.empty()) {
    std::memcpy(&bytes_[end_ % capacity_] + sizeof(Entry), set.body.data(), set.body.size());
  }
  if (list.last == kNone) {
    list.first = end_;
  } else {
    Entry last = EntryAt(list.last);
    last.next = end_;
    Store(list.last, last);
  }
  list.last = end_;
  list.bytes += size;
  end_ += size;
}

void HeldData::DropGone() noexcept {
  while (begin_ != end_) {
    const Entry entry = EntryAt(begin_);
    if (entry.is_gone == 0) return;
    begin_ += entry.size;
  }
  begin_ = end_ = 0;  // empty: as new
}

void HeldData::ShiftClock(std::int64_t ns) noexcept {
  for (std::uint64_t at = begin_; at != end_;) {
    Entry entry = EntryAt(at);
    entry.received_ns += ns;
    Store(at, entry);
    at += entry.size;
  }
}

bool HeldData::Oldest(Set& set) noexcept {
  DropGone();
  if (begin_ == end_) return false;
  set = SetAt(begin_, EntryAt(begin_));
  return true;
}

void HeldData::PopOldest(List& list) noexcept {
  const Entry entry = EntryAt(begin_);
  // The oldest of all is the first of its exporter.
  list.first = entry.next;
  if (list.first == kNone) list.last = kNone;
  list.bytes -= entry.size;
  begin_ += entry.size;
  DropGone();
}

void HeldData::TakeFirst(List& list) noexcept {
  const std::uint64_t here = list.first;
  Entry entry = EntryAt(here);
  list.first = entry.next;
  if (list.first == kNone) list.last = kNone;
  list.bytes -= entry.size;
  entry.is_gone = 1;
  Store(here, entry);
}

bool HeldData::Take(List& list, std::uint16_t id, std::uint64_t& position, std::uint64_t& before,
                    Set& set) noexcept {
  while (position != kNone) {
    const std::uint64_t here = position;
    Entry entry = EntryAt(here);
    position = entry.next;
    if (entry.id != id) {
      before = here;
      continue;
    }
    if (before == kNone) {
      list.first = entry.next;
    } else {
      Entry previous = EntryAt(before);
      previous.next = entry.next;
      Store(before, previous);
    }
    if (list.last == here) list.last = before;
    list.bytes -= entry.size;
    set = SetAt(here, entry);
    entry.is_gone = 1;
    Store(here, entry);
    return true;
  }
  return false;
}

}  // namespace hostscope::ipfix
