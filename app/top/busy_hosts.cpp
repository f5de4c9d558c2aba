#include "app/top/busy_hosts.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

namespace hostscope::app {
namespace {

double NumberOf(const simdjson::dom::element& role, std::string_view name) {
  double number = 0;
  return role[name].get(number) == simdjson::SUCCESS ? number : 0;
}

}  // namespace

std::string BusyHosts::PathAfter(std::string_view status) {
  simdjson::dom::parser parser;
  simdjson::dom::array lengths;
  double shortest = 0;
  if (parser.parse(status.data(), status.size())["lengths"].get(lengths) != simdjson::SUCCESS ||
      lengths.at(0)["seconds"].get(shortest) != simdjson::SUCCESS)
    return {};
  return fmt::format("/api/v1/top?role=sent&by=bytes&n=20&seconds={}", shortest);
}

std::optional<BusyHosts> BusyHosts::Parse(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::array records;
  if (parser.parse(json.data(), json.size())["records"].get(records) != simdjson::SUCCESS)
    return std::nullopt;
  BusyHosts busy;
  for (const simdjson::dom::element record : records) {
    std::string_view address;
    if (record["host"]["ip"].get(address) != simdjson::SUCCESS) continue;  // the sum of several
    if (record["window"]["seconds"].get(busy.seconds) != simdjson::SUCCESS) return std::nullopt;
    BusyHost host{.address = std::string(address)};
    simdjson::dom::element role;
    if (record["sent"].get(role) == simdjson::SUCCESS) {
      host.sent_bytes = NumberOf(role, "bytes");
      host.sent_packets = NumberOf(role, "packets");
      host.sent_flows = NumberOf(role, "flows");
    }
    if (record["received"].get(role) == simdjson::SUCCESS) host.received_bytes = NumberOf(role, "bytes");
    busy.hosts.push_back(std::move(host));
  }
  return busy;
}

}  // namespace hostscope::app
