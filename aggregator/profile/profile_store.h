#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "aggregator/host_index.h"
#include "aggregator/profile/profile_event.h"
#include "aggregator/profile/profile_learning.h"

namespace hostscope::aggregator {

struct ProfileCounters {
  std::uint64_t windows = 0;          ///< taken in
  std::uint64_t skipped_windows = 0;  ///< of another length, partial, or not after the last one
  std::uint64_t blind_windows =
      0;                        ///< with under a quarter of the hosts that were expected: nobody is silent
  std::uint64_t refused = 0;    ///< host records without a profile, for which there was no room
  std::uint64_t forgotten = 0;  ///< profiles
  std::array<std::uint64_t, kDeviationKinds> opened{};  ///< events
};

/// The profiles of all hosts, made of closed windows one after the other: Begin(), Add() for each host
/// record, End(). Bounded: all memory is reserved at the start, and gets pages as profiles come. When full,
/// hosts that were silent for ProfileOptions::forget_ns go, and such as were seen in fewer than twelve
/// windows and not for a day, so that a flood of addresses does not stay; then there is room again, at most
/// once an hour. One thread.
class ProfileStore {
 public:
  /// What one more of max_hosts costs, with its share of the index.
  static constexpr std::size_t kProfileBytes = sizeof(HostProfile) + 11;

  explicit ProfileStore(const ProfileOptions& options);

  /// False: the window is not taken in, for it is of another length or not after the last one.
  bool Begin(WindowSpan span);
  /// Of the window that has begun; of each host once. Not `other` records. Judges the record by the profile
  /// as it was, then takes it in.
  Deviation Add(const HostRecord& record);
  Deviation Add(const Address& host, const FigureValues& values);
  /// Makes a following Add() of this host faster.
  void Prefetch(const Address& host) const noexcept { index_.Prefetch(KeyOf(host)); }
  /// Looks at hosts that were not seen.
  void End();
  /// What is to be told of the last window; complete after End().
  const std::vector<ProfileEvent>& events() const noexcept { return events_; }

  std::size_t size() const noexcept { return size_; }
  std::span<const HostProfile> profiles() const noexcept { return {profiles_.data(), size_}; }
  /// Null: there is none.
  const HostProfile* Find(const Address& host) const noexcept;
  const ProfileOptions& options() const noexcept { return options_; }
  const ProfileCounters& counters() const noexcept { return counters_; }
  std::size_t open_events() const noexcept;

  /// Takes in what another appliance knows of hosts in other windows: see profile_merge.h. False: it is of
  /// another window length, and nothing was taken in.
  bool Merge(const ProfileStore& other);

  using Write = std::function<void(std::span<const std::byte>)>;
  /// Fills the span, or as much of it as there is; returns how much.
  using Read = std::function<std::size_t(std::span<std::byte>)>;
  /// All of it, as profile_file.h says. After End() or Begin(); the same scores follow.
  void Save(const Write& write) const;
  /// Instead of what is there. What is wrong with the file, and then the store is empty; or nothing. Profiles
  /// beyond max_hosts are counted as refused.
  std::string Load(const Read& read);

 private:
  HostIndex::Key KeyOf(const Address& host) const noexcept;
  HostProfile* FindMutable(HostIndex::Key key, const Address& host) const noexcept;
  /// Null: no room.
  HostProfile* Insert(HostIndex::Key key, const Address& host);
  void Clear();
  void ForgetSilent();

  ProfileEvent EventOf(const HostProfile& profile, EventState state) const;
  void Open(HostProfile& profile, const Deviation& deviation);
  void Update(HostProfile& profile, const Deviation& deviation);
  void Close(HostProfile& profile, EventEnd end);
  void TellOfNewHost(const HostProfile& profile);
  void Watch(HostProfile& profile, const Deviation& deviation);
  void PassSilent(HostProfile& profile);
  bool IsBlind() const;
  bool IsWarm(const HostProfile& profile) const noexcept;
  bool IsAccepted(const HostProfile& profile) const noexcept;
  std::int64_t AgeNs(std::uint32_t since) const noexcept;

  ProfileOptions options_;
  ProfileRates rates_;
  HostIndex index_;
  MappedArray<HostProfile> profiles_;
  std::size_t size_ = 0;
  ProfileMoment now_;
  std::uint32_t first_window_ = 0;  ///< seconds since the Unix epoch; 0: none yet
  std::uint32_t last_window_ = 0;
  std::uint32_t last_forgetting_ = 0;
  std::vector<ProfileEvent> events_;
  ProfileCounters counters_;
};

}  // namespace hostscope::aggregator
