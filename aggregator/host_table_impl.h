#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aggregator/distinct.h"
#include "aggregator/hashing.h"
#include "aggregator/host_index.h"
#include "aggregator/host_slot.h"
#include "aggregator/host_table.h"
#include "aggregator/mapped_memory.h"
#include "aggregator/sketch_pool.h"
#include "aggregator/top_lists.h"
#include "aggregator/wide_counters.h"

namespace hostscope::aggregator {

/// Slots 0 to max_hosts - 1 are hosts, in the order in which they came; max_hosts + n is the `other` record
/// of the n-th prefix. Slots not in use are all zero bytes.
class HostTable::Impl {
 public:
  Impl(const HostTableOptions& options, const NetworkSet& networks);

  UpdateResult Update(std::span<const FlowRecord> records) noexcept;
  void Unite(const Impl& from) noexcept;
  RecordFate Add(const HostRecord& record, const RecordSketches& sketches);
  void Clear() noexcept;
  void Sort();
  HostRecord RecordAt(std::size_t i) const noexcept;
  Sketch SketchAt(std::size_t i, Role role, DistinctFigure figure) const;
  std::size_t WriteSketchAt(std::size_t i, Role role, DistinctFigure figure,
                            std::uint8_t* out) const noexcept;
  void ForEachNetwork(const NetworkLevels& levels, const TotalsVisitor& visit) const;
  std::uint64_t CountNetworks(const NetworkLevels& levels) const;

  void SetNode(int node) noexcept { node_ = node; }
  int node() const noexcept { return node_; }
  std::size_t hosts() const noexcept { return used_; }
  std::size_t other_hosts() const noexcept { return others_.size(); }
  std::uint64_t overflows() const noexcept { return overflows_; }
  std::uint64_t saturated() const noexcept { return saturated_; }
  std::size_t sketch_bytes() const noexcept { return pool_.used_bytes(); }

 private:
  static constexpr std::uint32_t kUnmonitored = 0xffffffffU;
  /// Records that go through Update() together, and those of them that are at one stage.
  static constexpr std::size_t kBatch = 128;
  static constexpr std::size_t kBlock = 8;
  static constexpr std::size_t kAhead = 2;
  struct Batch;
  struct Increment;
  struct Range {
    std::size_t first;
    std::size_t last;
  };
  static constexpr std::size_t kUniteChunk = 32;

  // Stages of Update(), in host_table_update.cpp.
  void UpdateBatch(std::span<const FlowRecord> records, UpdateResult& result) noexcept;
  void StartLookups(Range range, Batch& batch) const noexcept;
  void FindSlots(Range range, Batch& batch) noexcept;
  void FetchSketches(Range range, Batch& batch) noexcept;
  void CountAll(Range range, const Batch& batch, UpdateResult& sum) noexcept;
  void CountTops(const Batch& batch) noexcept;
  template <Role role>
  void FindSlot(const FlowRecord& record, std::size_t i, Batch& batch) noexcept;
  template <Role role>
  [[gnu::always_inline]] void FetchSketchesOf(const FlowRecord& record, std::size_t i, Batch& batch) noexcept;
  static Increment IncrementOf(const FlowRecord& record) noexcept;
  [[gnu::always_inline]] std::uint64_t Count(RoleSlot& slot, const Increment& increment,
                                             const FlowRecord& record, Coupon peer, Coupon src_port,
                                             Coupon dst_port) noexcept;
  /// To the three distinct counts, of whatever stage each is. Returns how many were saturated by it.
  [[gnu::noinline]] std::uint64_t AddMembers(RoleSlot& slot, const FlowRecord& record, Coupon peer,
                                             Coupon src_port, Coupon dst_port) noexcept;
  // What is rare: kept out of the loops.
  template <Role role>
  [[gnu::noinline]] RoleSlot* AdmitRole(HostIndex::Key key, const Address& host) noexcept;
  template <Role role>
  [[gnu::noinline]] RoleSlot* FindAgain(RoleSlot* slot, const FlowRecord& record,
                                        HostIndex::Key key) noexcept;

  // Stages of Unite(), in host_table_unite.cpp.
  void UniteChunk(const Impl& from, std::uint32_t first, std::uint32_t count) noexcept;
  void UniteSlot(std::uint32_t to, const Impl& from, std::uint32_t from_slot) noexcept;
  void UniteRole(RoleSlot& to, const RoleSlot& from, const Impl& from_table) noexcept;

  // Parts of Add(), in host_table_record.cpp.
  std::uint32_t SlotOf(const HostRecord& record, RecordFate& fate) noexcept;
  void AddRole(RoleSlot& to, const RoleFigures& figures, const RoleSketches& sketches);

  // Parts of ForEachNetwork() and CountNetworks(), in host_table_networks.cpp.
  Range Ipv4Run() const noexcept;
  template <typename Client>
  bool WalkFamily(bool is_ipv4, Client& client) const;

  HostIndex::Key KeyOf(const Address& address) const noexcept {
    return HostIndex::KeyOf(TableHash(address, hash_key_), index_.bucket_count());
  }
  /// A host's slot by comparing addresses, or HostIndex::kAbsent.
  std::uint32_t FindExact(HostIndex::Key key, const Address& address) const noexcept;
  /// A slot for an address that is not in the index: a new one, its network's `other` record, or
  /// kUnmonitored.
  std::uint32_t Admit(HostIndex::Key key, const Address& address) noexcept;
  std::uint32_t TakeOther(std::uint32_t network) noexcept;
  bool IsHost(std::uint32_t slot) const noexcept { return slot < max_hosts_; }
  /// `figures` must be as default-constructed.
  void Read(const RoleSlot& role, RoleFigures& figures) const noexcept;
  /// Asks for the memory of the records that follow the i-th.
  void FetchAhead(std::size_t i) const noexcept;

  NetworkSet networks_;
  std::uint64_t hash_key_;
  std::uint32_t max_hosts_;
  int node_ = kAnyNode;
  std::uint32_t used_ = 0;
  bool monitors_all_;
  HostIndex index_;
  MappedArray<HostSlot> slots_;
  SketchPool pool_;
  WideCounters wide_;
  std::vector<std::uint32_t> others_;        ///< prefixes whose `other` record is in use
  std::vector<std::uint8_t> is_other_used_;  ///< by prefix
  MappedArray<std::uint32_t> order_;
  std::uint64_t overflows_ = 0;
  std::uint64_t saturated_ = 0;
  TopLists tops_;
};

}  // namespace hostscope::aggregator
