#include "tests/ipfix/flow_text.h"

#include <arpa/inet.h>

#include <sstream>

#include "tests/ipfix/naive_decoder.h"

namespace hostscope {

bool operator==(const FlowRecord& a, const FlowRecord& b) noexcept {
  const bool same_ports = !a.Has(FlowRecord::kHasPorts) ||
                          (a.source_port == b.source_port && a.destination_port == b.destination_port);
  const bool same_duration = !a.Has(FlowRecord::kHasDuration) || a.duration_us == b.duration_us;
  return a.source == b.source && a.destination == b.destination && a.packets == b.packets &&
         a.bytes == b.bytes && a.protocol == b.protocol && a.tcp_flags == b.tcp_flags &&
         a.traits == b.traits && same_ports && same_duration;
}

std::ostream& operator<<(std::ostream& out, const FlowRecord& record) {
  const auto end = [&](const Address& address, std::uint16_t port) {
    out << ipfix::test::TextOf(address);
    if (record.Has(FlowRecord::kHasPorts)) out << ':' << port;
  };
  end(record.source, record.source_port);
  out << " > ";
  end(record.destination, record.destination_port);
  out << " protocol " << unsigned{record.protocol} << ", " << record.packets << " packets, " << record.bytes
      << " bytes";
  if (record.tcp_flags != 0) out << ", flags " << unsigned{record.tcp_flags};
  if (record.Has(FlowRecord::kHasDuration)) out << ", " << record.duration_us << " us";
  if (record.Has(FlowRecord::kScaled)) out << ", scaled";
  return out;
}

namespace ipfix::test {
namespace {

template <typename Key>
std::uint64_t ValueIn(const std::map<Key, std::uint64_t>& counters, Key key) {
  const auto found = counters.find(key);
  return found == counters.end() ? 0 : found->second;
}

template <typename Enum>
void Compare(std::ostream& out, const CounterArray<Enum>& ours, const std::map<Enum, std::uint64_t>& naive) {
  for (std::size_t i = 0; i < CounterArray<Enum>::kSize; ++i) {
    const auto which = static_cast<Enum>(i);
    if (ours.Get(which) == ValueIn(naive, which)) continue;
    out << NameOf(which).name << ": " << ours.Get(which) << ", naive " << ValueIn(naive, which) << '\n';
  }
}

void Compare(std::ostream& out, const char* name, const Counter& ours, std::uint64_t naive) {
  if (ours.Get() != naive) out << name << ": " << ours.Get() << ", naive " << naive << '\n';
}

}  // namespace

std::string TextOf(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  const bool is_ipv4 = address.IsIpv4();
  return inet_ntop(is_ipv4 ? AF_INET : AF_INET6, &address.bytes[is_ipv4 ? 12 : 0], text, sizeof(text));
}

std::string DifferenceBetween(const Accounting& books, const NaiveBooks& naive) {
  std::ostringstream out;
  Compare(out, books.outcomes, naive.outcomes);
  Compare(out, books.skipped, naive.skipped);
  Compare(out, books.sets_skipped, naive.sets_skipped);
  Compare(out, books.templates, naive.templates);
  Compare(out, "records seen", books.records_seen, naive.records_seen);
  Compare(out, "records counted", books.records_counted, naive.records_counted);
  Compare(out, "options records", books.options_records, naive.options_records);
  Compare(out, "scaled records", books.scaled_records, naive.scaled_records);
  Compare(out, "malformed times", books.malformed_times, naive.malformed_times);
  return out.str();
}

}  // namespace ipfix::test
}  // namespace hostscope
