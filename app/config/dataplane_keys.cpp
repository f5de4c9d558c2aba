#include "app/config/dataplane_keys.h"

#include "app/config/units.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

// Addresses that are nobody's (RFC 5737, RFC 3849).
dataplane::PortConfig ExamplePort() {
  dataplane::PortConfig port;
  port.device = "0000:3b:00.0";
  port.addresses = {*exporter::ParseAddress("192.0.2.10"), *exporter::ParseAddress("2001:db8::10")};
  return port;
}

void DescribePort(KeyVisitor& visitor, dataplane::PortConfig& port) {
  visitor.One(
      {"device",
       "PCI address (0000:3b:00.0) of a NIC bound to a DPDK driver, or a DPDK virtual device with its\n"
       "arguments (net_af_xdp0,iface=eth1).",
       true},
      Text(port.device, "a PCI address, or a DPDK virtual device with its arguments"));
  visitor.Many(
      {"addresses",
       "Addresses of this port, to which exporters send. It answers ARP, neighbour solicitation and ping.",
       true},
      ListOf(port.addresses, [](Address& address) { return OwnAddress(address); }));
  visitor.Many(
      {"vlans",
       "VLANs that these addresses are in, by the outermost tag; 0: untagged frames. Empty: any. "
       "Answers\nhave the tags of what they answer."},
      ListOf(port.vlans, [](std::uint16_t& number) { return Whole<std::uint16_t>(number, 0, 4094); }));
  visitor.Many({"udp_ports", "Destination ports of export datagrams."},
               ListOf(port.collector_ports,
                      [](std::uint16_t& number) { return Whole<std::uint16_t>(number, 1, UINT16_MAX); }));
  visitor.One({"queues", "Receive queues; they are dealt out to the workers."},
              Whole<std::uint16_t>(port.queues, 1, 128));
  visitor.One({"rx_descriptors",
               "How many packets a queue holds while its worker is busy; 0: 2048, or what the device has "
               "nearest."},
              Whole<std::uint16_t>(port.rx_descriptors, 0, 32768));
  visitor.One({"buffers", "Packet buffers of each queue; 0: enough for its descriptors."},
              Whole<std::uint32_t>(port.buffers, 0, 16'777'216));
  visitor.One({"mtu",
               "Largest IP packet. Buffers have room for it, and the device is set to it; an interface that "
               "the kernel\nshares (net_af_xdp, net_af_packet) keeps its own."},
              Whole<std::uint16_t>(port.mtu, 1280, 9600));
  visitor.One({"promiscuous", "Also take frames that the NIC's address filter would refuse."},
              Switch(port.promiscuous));
  visitor.One({"verify_udp_checksum", "Drop datagrams with a wrong UDP checksum."},
              Switch(port.verify_udp_checksum));
}

}  // namespace

void DescribePorts(KeyVisitor& visitor, std::vector<dataplane::PortConfig>& ports) {
  static const dataplane::PortConfig kNew;
  static const dataplane::PortConfig kExample = ExamplePort();
  visitor.Sections({"ports", "Network ports that export datagrams arrive on."},
                   SectionsOf(ports, kNew, kExample, DescribePort));
}

void DescribeDpdk(KeyVisitor& visitor, dataplane::EalConfig& eal) {
  using dataplane::Hugepages;
  visitor.One(
      {"hugepages",
       "auto: use hugepages where there are enough, else do without, which is slower; yes: fail without."},
      OneOf(eal.hugepages,
            {{"auto", Hugepages::kAuto}, {"yes", Hugepages::kRequire}, {"no", Hugepages::kNever}}));
  visitor.One({"memory", "Memory for packet buffers, of all ports together; auto: what the ports need."},
              SizeOrAuto(eal.memory_mib, 1'048'576));
  visitor.One({"telemetry",
               "Answer on DPDK's telemetry socket, /run/dpdk/rte/dpdk_telemetry.v2, also /hostscope/stats,\n"
               "/hostscope/ports, /hostscope/workers and /hostscope/exporters."},
              Switch(eal.telemetry));
  visitor.Many({"arguments", "Further arguments of DPDK's EAL."},
               ListOf(eal.arguments, [](std::string& argument) { return Text(argument, "any text"); }));
}

void DescribeFragments(KeyVisitor& visitor, dataplane::FragmentConfig& fragments) {
  visitor.One({"max",
               "Fragments that wait for the rest of their datagram, about 2.3 KiB each. Beyond it the oldest "
               "give way\nto newer ones."},
              Whole(fragments.max_held, std::size_t{64}, std::size_t{1'048'576}));
  visitor.One({"timeout", "How long they wait: whole seconds, and up to one more."},
              Duration(fragments.timeout_ns, kSecond, 120 * kSecond));
}

void DescribeCores(KeyVisitor& visitor, dataplane::DataplaneConfig& config) {
  const auto core = [](unsigned& number) { return Whole(number, 0U, 1023U); };
  visitor.Many(
      {"workers",
       "Cores that each run one worker, which receives, decodes and counts. Empty: all that the program\n"
       "may use but the first."},
      ListOf(config.worker_cpus, core));
  visitor.One(
      {"spread",
       "auto: when a receive queue has more than its worker can do, the others help, so that one large "
       "exporter\n"
       "uses all workers; never: a worker reads only its own queues, and there are no more workers than "
       "queues."},
      OneOf(config.spread, {{"auto", dataplane::Spread::kAuto}, {"never", dataplane::Spread::kNever}}));
  visitor.Many({"others", "Cores of all other threads. Empty: those that no worker has."},
               ListOf(config.control_cpus, core));
  visitor.One(
      {"idle_sleep",
       "How long a worker sleeps that finds its queues empty. never: it keeps its core busy, as suits a\n"
       "machine of its own; otherwise a burst waits that long in the receive queue."},
      MicrosecondsOrNever(config.idle_sleep_us, 100'000));
}

}  // namespace hostscope::app
