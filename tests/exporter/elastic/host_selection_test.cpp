#include "exporter/elastic/host_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "exporter/encoding/address_text.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using ::testing::ElementsAre;
using Kind = HostSelection::Kind;
using Metric = HostSelection::Metric;

HostRecord Host(const char* address, std::uint64_t sent, std::uint64_t received) {
  HostRecord record;
  record.host = *ParseAddress(address);
  record.network = record.host.IsIpv4() ? Prefix::AllIpv4() : Prefix::AllIpv6();
  record.sent.bytes = sent;
  record.received.bytes = received;
  return record;
}

HostRecord Other(const char* network) {
  HostRecord record;
  record.other = true;
  record.network = *ParsePrefix(network);
  record.sent.bytes = 1'000'000;
  return record;
}

std::vector<std::size_t> Picked(const HostSelection& selection, const aggregator::ClosedWindow& window) {
  HostPicker picker(selection);
  picker.Pick(window);
  std::vector<std::size_t> picked;
  for (std::size_t i = 0; i < picker.size(); ++i) picked.push_back(picker[i]);
  return picked;
}

ListedWindow Window() {
  return {
      TenSeconds(),
      {Host("2001:db8::1", 5, 0), Host("10.0.0.1", 100, 1), Host("10.1.0.1", 0, 101), Host("10.1.0.2", 7, 7),
       Host("192.0.2.1", 50, 51), Other("10.1.0.0/16"), Other("0.0.0.0/0"), Other("2001:db8::/32")}};
}

TEST(HostSelection, All) {
  EXPECT_THAT(Picked({}, Window()), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(HostSelection, NetworksHaveTheirHostsAndWhatIsSurelyTheirs) {
  HostSelection selection;
  selection.kind = Kind::kNetworks;
  selection.networks = {*ParsePrefix("10.1.0.0/16"), *ParsePrefix("10.1.0.2/32")};
  EXPECT_THAT(Picked(selection, Window()), ElementsAre(2, 3, 5));
  selection.networks = {Prefix::AllIpv6()};
  EXPECT_THAT(Picked(selection, Window()), ElementsAre(0, 7));
  selection.networks = {Prefix::AllIpv4()};
  EXPECT_THAT(Picked(selection, Window()), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(HostSelection, TopIsOfBothRolesAndOfEqualsTheLowerAddress) {
  HostSelection selection;
  selection.kind = Kind::kTop;
  for (const auto& [top, expected] :
       std::vector<std::pair<std::size_t, std::vector<std::size_t>>>{{0, {}},
                                                                     {1, {1}},
                                                                     {2, {1, 2}},
                                                                     {3, {1, 2, 4}},
                                                                     {4, {1, 2, 3, 4}},
                                                                     {5, {0, 1, 2, 3, 4}},
                                                                     {100, {0, 1, 2, 3, 4}}}) {
    selection.top = top;
    EXPECT_EQ(Picked(selection, Window()), expected) << top;
  }
}

TEST(HostSelection, SumsThatDoNotFitAreTheLargest) {
  HostSelection selection;
  selection.kind = Kind::kTop;
  selection.top = 1;
  const ListedWindow window(TenSeconds(),
                            {Host("10.0.0.1", UINT64_MAX - 1, 0), Host("10.0.0.2", UINT64_MAX, 2)});
  EXPECT_THAT(Picked(selection, window), ElementsAre(1));
}

std::uint64_t ValueOf(const HostRecord& record, Metric by) {
  const auto sum = [&](auto field) { return record.sent.*field + record.received.*field; };
  switch (by) {
    case Metric::kBytes:
      return sum(&aggregator::RoleFigures::bytes);
    case Metric::kPackets:
      return sum(&aggregator::RoleFigures::packets);
    case Metric::kFlows:
      return sum(&aggregator::RoleFigures::flows);
    case Metric::kPeers:
      return sum(&aggregator::RoleFigures::peers);
    case Metric::kDstPorts:
      return sum(&aggregator::RoleFigures::dst_ports);
  }
  return 0;
}

TEST(HostSelection, EveryMetricAgreesWithSorting) {
  const ListedWindow window = ManyHosts(3'000);
  for (const Metric by :
       {Metric::kBytes, Metric::kPackets, Metric::kFlows, Metric::kPeers, Metric::kDstPorts}) {
    HostSelection selection;
    selection.kind = Kind::kTop;
    selection.top = 250;
    selection.by = by;
    std::vector<std::size_t> expected(window.size());
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    std::stable_sort(expected.begin(), expected.end(), [&](std::size_t a, std::size_t b) {
      return ValueOf(window.At(a), by) > ValueOf(window.At(b), by);
    });
    expected.resize(selection.top);
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(Picked(selection, window), expected);
  }
}

TEST(HostSelection, AtMost) {
  HostSelection selection;
  EXPECT_EQ(HostPicker(selection).AtMost(5'000), 5'000U);
  selection.kind = Kind::kTop;
  EXPECT_EQ(HostPicker(selection).AtMost(5'000), 1'000U);
  EXPECT_EQ(HostPicker(selection).AtMost(50), 50U);
}

}  // namespace
}  // namespace hostscope::exporter
