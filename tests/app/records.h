#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the program writes, read back: host and window records (NDJSON), the generator's truth, accounting.
namespace hostscope::app::testing {

/// The figures of one role, of a host record or of the truth.
struct Role {
  std::uint64_t flows = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t peers = 0;
  std::uint64_t src_ports = 0;
  std::uint64_t dst_ports = 0;
  std::array<std::uint64_t, 8> tcp_flags{};
  std::uint64_t tcp = 0;
  std::uint64_t udp = 0;
  std::uint64_t icmp = 0;
  std::uint64_t other = 0;
  std::optional<double> avg_duration;  ///< seconds
  std::uint64_t duration_ms = 0;       ///< the truth's: of all flows together

  friend bool operator==(const Role&, const Role&) = default;
};

struct Record {
  std::string start;
  std::string end;
  double seconds = 0;
  bool is_window_record = false;

  std::string host;  ///< address; empty in an `other` record
  bool is_other = false;
  std::string network;
  std::string id;
  std::optional<Role> sent;
  std::optional<Role> received;

  std::map<std::string, double> summary;  ///< of a window record
};

/// Throws simdjson's error where the line is not such a record: every key must be there.
Record ParseRecord(std::string_view line);
std::vector<Record> ParseRecords(std::string_view ndjson);

struct TrueHost {
  std::optional<Role> sent;
  std::optional<Role> received;
};
/// By address.
std::map<std::string, TrueHost> ParseTruth(std::string_view ndjson);

/// Every number of a JSON object by its path: "datagrams.dropped.too_short".
std::map<std::string, double> Flatten(std::string_view json);

/// The books of `--stats` balance: received = decoded + dropped, seen = counted + skipped, and every packet
/// has one outcome.
void ExpectBalanced(const std::map<std::string, double>& stats);

/// Equal but for distinct counts, which are exact while few, then within five standard errors of 1.63 %.
/// Packets and bytes of the truth are multiplied by `scale`.
void ExpectMatches(const Role& counted, const Role& truth, std::uint64_t scale, const std::string& where);

}  // namespace hostscope::app::testing
