#include "aggregator/profile/profile_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kAtOnce = 1024;  // profiles

/// XXH3-64 of bytes that come in pieces.
class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void Add(std::span<const std::byte> bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  std::uint64_t Get() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

/// What no profile has, and would be read beyond its end: of a file whose checksum is right, too.
bool IsSound(const HostProfile& profile) {
  const OpenEvent& event = profile.event;
  if (static_cast<std::size_t>(event.kind) >= kDeviationKinds) return false;
  if (static_cast<std::size_t>(event.figure) >= kProfileFigures) return false;
  const auto is_sound = [](const FigureProfile& figure) {
    return std::isfinite(figure.centre) && std::isfinite(figure.spread) && std::isfinite(figure.slope);
  };
  if (!std::all_of(profile.figures.begin(), profile.figures.end(), is_sound)) return false;
  const std::array<float, 8> others{profile.tail_from,    profile.tail_excess, profile.level[0],
                                    profile.level[1],     profile.evidence,    profile.silence,
                                    profile.silence_mean, event.peak};
  return std::all_of(others.begin(), others.end(), [](float value) { return std::isfinite(value); }) &&
         profile.tail_from > 0 && profile.tail_excess > 0;
}

template <typename T>
std::span<std::byte> BytesOf(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

std::string ProblemOf(const ProfileFileHeader& header, std::int64_t window_ns) {
  if (header.magic != ProfileFileHeader::kMagic) return "is no file of host profiles";
  if (header.version != ProfileFileHeader::kVersion || header.profile_bytes != sizeof(HostProfile)) {
    return "has version " + std::to_string(header.version) + "; this program reads version " +
           std::to_string(ProfileFileHeader::kVersion);
  }
  if (header.window_ns != window_ns) {
    const auto seconds = [](std::int64_t ns) { return std::to_string(ns / kNanosecondsPerSecond) + " s"; };
    return "is of windows of " + seconds(header.window_ns) + ", not of " + seconds(window_ns);
  }
  return {};
}

}  // namespace

void ProfileStore::Save(const Write& write) const {
  Checksum checksum;
  const auto put = [&](std::span<const std::byte> bytes) {
    checksum.Add(bytes);
    write(bytes);
  };
  ProfileFileHeader header;
  header.profile_bytes = sizeof(HostProfile);
  header.window_ns = options_.window_ns;
  header.count = size_;
  header.first_window = first_window_;
  header.last_window = last_window_;
  header.last_forgetting = last_forgetting_;
  put(BytesOf(header));
  for (std::size_t from = 0; from < size_; from += kAtOnce) {
    put(std::as_bytes(profiles().subspan(from, std::min(kAtOnce, size_ - from))));
  }
  std::uint64_t sum = checksum.Get();
  write(BytesOf(sum));
}

std::string ProfileStore::Load(const Read& read) {
  Clear();
  const auto fail = [this](std::string problem) {
    Clear();
    return problem;
  };
  static constexpr const char* kTooShort = "is damaged: it is not as long as it says";
  Checksum checksum;
  ProfileFileHeader header;
  if (read(BytesOf(header)) != sizeof(header)) return "is no file of host profiles";
  if (std::string problem = ProblemOf(header, options_.window_ns); !problem.empty()) return problem;
  checksum.Add(BytesOf(header));
  HostProfile profile;
  for (std::uint64_t i = 0; i < header.count; ++i) {
    if (read(BytesOf(profile)) != sizeof(profile)) return fail(kTooShort);
    checksum.Add(BytesOf(profile));
    if (!IsSound(profile)) return fail("is damaged: it has what no profile has");
    const HostIndex::Key key = KeyOf(profile.address);
    if (FindMutable(key, profile.address) != nullptr) return fail("is damaged: it has a host twice");
    if (HostProfile* inserted = Insert(key, profile.address)) *inserted = profile;
  }
  std::uint64_t sum = 0;
  if (read(BytesOf(sum)) != sizeof(sum)) return fail(kTooShort);
  if (sum != checksum.Get()) return fail("is damaged: its checksum is wrong");
  std::byte more{};
  if (read(std::span(&more, 1)) != 0) return fail(kTooShort);
  first_window_ = header.first_window;
  last_window_ = header.last_window;
  last_forgetting_ = header.last_forgetting;
  return {};
}

}  // namespace hostscope::aggregator
