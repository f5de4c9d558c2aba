#include "bench/roofline.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <unordered_map>

#include "aggregator/distinct-inl.h"
#include "aggregator/hashing.h"
#include "aggregator/host_index.h"
#include "aggregator/host_slot.h"
#include "ipfix/decoder.h"

namespace hostscope::bench {
namespace {

using aggregator::Coupon;
using aggregator::Role;

constexpr std::size_t kLinesPerSlot = sizeof(aggregator::HostSlot) / aggregator::kCacheLine;
constexpr std::size_t kLinesPerRole = sizeof(aggregator::RoleSlot) / aggregator::kCacheLine;
constexpr std::size_t kCouponsPerLine = aggregator::kCacheLine / sizeof(Coupon);

/// Where a distinct count of this size lies, if it has outgrown its slot.
struct SketchPlace {
  std::uint32_t first_line = 0;
  std::uint32_t lines = 0;  ///< 0: in the slot

  std::uint32_t LineOf(Coupon coupon) const noexcept {
    const std::size_t all_lines = aggregator::kRegisters / aggregator::kCacheLine;
    if (lines == all_lines) {
      return first_line +
             static_cast<std::uint32_t>((coupon & (aggregator::kRegisters - 1)) / aggregator::kCacheLine);
    }
    const auto lg = static_cast<unsigned>(std::countr_zero(lines * kCouponsPerLine));
    return first_line + static_cast<std::uint32_t>(aggregator::FirstPlace(coupon, lg) / kCouponsPerLine);
  }
};

std::uint32_t LinesOf(std::uint64_t members) noexcept {
  if (members <= aggregator::kListCapacity) return 0;
  for (unsigned lg = aggregator::kLgSmallestSet; lg <= aggregator::kLgLargestSet; ++lg) {
    if (!aggregator::IsCrowded(static_cast<std::uint32_t>(members), lg)) {
      return static_cast<std::uint32_t>((std::size_t{1} << lg) / kCouponsPerLine);
    }
  }
  return aggregator::kRegisters / aggregator::kCacheLine;
}

struct HostPlaces {
  std::uint32_t slot = 0;
  std::array<std::array<SketchPlace, 3>, 2> sketches;  ///< by role; peers, source ports, destination ports
};

struct AddressHash {
  std::size_t operator()(const Address& address) const noexcept { return aggregator::TableHash(address, 1); }
};

void Decode(const ExportStream& stream, FlowConsumer& consumer) {
  ipfix::Decoder decoder{ipfix::Settings{}};
  ipfix::Datagram datagram;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    datagram.payload = stream[i];
    static_cast<void>(decoder.Decode(datagram, consumer));
  }
  decoder.Flush(consumer);
}

}  // namespace

/// Gives every host its place as it comes, and lists what records touch.
class Roofline::Builder final : public FlowConsumer {
 public:
  Builder(const aggregator::HostTableOptions& options, const aggregator::NetworkSet& networks,
          std::vector<Touch>& touches)
      : options_(options),
        networks_(networks),
        buckets_(aggregator::HostIndex(options.max_hosts).bucket_count()),
        touches_(touches) {}

  /// The size of every sketch at the window's end, as the real table has it.
  void Measure(const ExportStream& stream) {
    aggregator::HostTable table(options_, networks_);
    struct Counting final : FlowConsumer {
      explicit Counting(aggregator::HostTable& to) : table(to) {}
      void Consume(std::span<const FlowRecord> records) noexcept override { table.Update(records); }
      aggregator::HostTable& table;
    } counting(table);
    Decode(stream, counting);
    places_.reserve(table.hosts());
    table.Sort();
    for (std::size_t i = 0; i < table.hosts(); ++i) {
      const aggregator::HostRecord record = table.RecordAt(i);
      HostPlaces& places = places_[record.host];
      places.slot = kNone;
      std::size_t role = 0;
      for (const aggregator::RoleFigures* figures : {&record.sent, &record.received}) {
        std::size_t which = 0;
        for (const std::uint64_t members : {figures->peers, figures->src_ports, figures->dst_ports}) {
          const std::uint32_t lines = LinesOf(members);
          places.sketches[role][which++] = {sketch_lines_, lines};
          sketch_lines_ += lines;
        }
        ++role;
      }
    }
  }

  void Consume(std::span<const FlowRecord> records) noexcept override {
    for (const FlowRecord& record : records) {
      touches_.push_back(TouchOf(record, record.source, record.destination, Role::kSent));
      touches_.push_back(TouchOf(record, record.destination, record.source, Role::kReceived));
    }
  }

  std::size_t buckets() const noexcept { return buckets_; }
  std::size_t sketch_lines() const noexcept { return sketch_lines_; }

 private:
  Touch TouchOf(const FlowRecord& record, const Address& host, const Address& peer, Role role) {
    Touch touch;
    const auto found = places_.find(host);
    if (found == places_.end()) return touch;
    HostPlaces& places = found->second;
    if (places.slot == kNone) places.slot = next_slot_++;
    const std::uint64_t hash = aggregator::TableHash(host, options_.hash_key);
    touch.index = static_cast<std::uint32_t>(((hash >> 32) * buckets_) >> 32);
    const auto which_role = static_cast<std::size_t>(role);
    touch.slot = static_cast<std::uint32_t>(places.slot * kLinesPerSlot + which_role * kLinesPerRole);
    const std::array<Coupon, kSketches> coupons = {aggregator::AddressCoupon(peer),
                                                   aggregator::PortCoupon(record.source_port),
                                                   aggregator::PortCoupon(record.destination_port)};
    const std::size_t figures = record.Has(FlowRecord::kHasPorts) ? kSketches : 1;
    for (std::size_t i = 0; i < figures; ++i) {
      const SketchPlace& place = places.sketches[which_role][i];
      if (place.lines != 0) touch.sketches[i] = place.LineOf(coupons[i]);
    }
    return touch;
  }

  aggregator::HostTableOptions options_;
  const aggregator::NetworkSet& networks_;
  std::size_t buckets_;
  std::vector<Touch>& touches_;
  std::unordered_map<Address, HostPlaces, AddressHash> places_;
  std::uint32_t next_slot_ = 0;
  std::uint32_t sketch_lines_ = 0;
};

Roofline::Roofline(const ExportStream& stream, const aggregator::HostTableOptions& options,
                   const aggregator::NetworkSet& networks)
    : index_(aggregator::HostIndex(options.max_hosts).bucket_count()),
      slots_(options.max_hosts * kLinesPerSlot),
      sketches_(options.sketch_bytes / aggregator::kCacheLine) {
  Builder builder(options, networks, touches_);
  builder.Measure(stream);
  touches_.reserve(2 * stream.records());
  Decode(stream, builder);
}

double Roofline::lines_per_record() const noexcept {
  std::size_t lines = 0;
  for (const Touch& touch : touches_) {
    if (touch.index == kNone) continue;
    lines += 1 + kLinesPerRole;
    lines += static_cast<std::size_t>(std::count_if(touch.sketches.begin(), touch.sketches.end(),
                                                    [](std::uint32_t line) { return line != kNone; }));
  }
  return 2 * static_cast<double>(lines) / static_cast<double>(touches_.size());
}

// As HostTable's Update(): blocks of 16 records, each stage a block behind the one before.
void Roofline::TouchBatch(const Touch* touches, std::size_t count) noexcept {
  constexpr std::size_t kBlock = 32;  // of touches, two a record
  constexpr std::size_t kStages = 3;
  const std::size_t blocks = (count + kBlock - 1) / kBlock;
  const auto for_block = [&](std::size_t block, auto&& touch_one) {
    for (std::size_t i = block * kBlock; i < std::min(count, (block + 1) * kBlock); ++i) {
      if (touches[i].index != kNone) touch_one(touches[i]);
    }
  };
  for (std::size_t step = 0; step < blocks + kStages; ++step) {
    if (step < blocks) {
      for_block(step, [&](const Touch& touch) { __builtin_prefetch(&index_[touch.index], 1); });
    }
    if (step >= 1 && step - 1 < blocks) {
      for_block(step - 1, [&](const Touch& touch) {
        ++index_[touch.index].words[0];
        __builtin_prefetch(&slots_[touch.slot], 1);
        __builtin_prefetch(&slots_[touch.slot + 1], 1);
      });
    }
    if (step >= 2 && step - 2 < blocks) {
      for_block(step - 2, [&](const Touch& touch) {
        ++slots_[touch.slot].words[0];
        for (const std::uint32_t line : touch.sketches) {
          if (line != kNone) __builtin_prefetch(&sketches_[line], 1);
        }
      });
    }
    if (step >= kStages) {
      for_block(step - kStages, [&](const Touch& touch) {
        ++slots_[touch.slot + 1].words[0];
        for (const std::uint32_t line : touch.sketches) {
          if (line != kNone) ++sketches_[line].words[0];
        }
      });
    }
  }
}

std::uint64_t Roofline::TouchAll() noexcept {
  constexpr std::size_t kBatch = 256;
  for (std::size_t at = 0; at < touches_.size(); at += kBatch) {
    TouchBatch(&touches_[at], std::min(kBatch, touches_.size() - at));
  }
  return slots_[0].words[0];
}

}  // namespace hostscope::bench
