"""What applications do that were written against the framework before: two of them, each by the fields it knows, so that
what is renamed or has another type is an error."""
import collections
import ipaddress
import json

FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CRW")


def read_host_stats(text):
    """A record of the topic of host statistics, as its consumer takes it apart: (address, figures)."""
    data = json.loads(text)
    if data["@type"] != "host_stats":
        raise ValueError(f"not a host's statistics: {text}")
    stats = data["stats"]
    total = stats["total"]
    figures = {"flows": total["flow"], "packets": total["packets"], "bytes": total["bytes"],
               "dst_ports": stats["dport_count"], "peers": stats["peer_number"],
               "tcp_flags": [stats["tcp_flags"][name] for name in FLAGS]}
    for value in [figures["flows"], figures["packets"], figures["bytes"], figures["dst_ports"], figures["peers"],
                  *figures["tcp_flags"]]:
        if type(value) is not int:
            raise ValueError(f"not a whole number: {value} in {text}")
    figures["avg_duration"] = float(stats["avg_flow_duration"]) if "avg_flow_duration" in stats else None
    ipaddress.ip_address(data["src_ip"])
    return data["src_ip"], figures


class HostStatistics:
    """The application that made those records, from the collector's feed of flow records: for each source address in a
    network its sums, distinct peers and ports, mean duration and TCP flags."""

    def __init__(self, network):
        self.network = ipaddress.ip_network(network)
        self.seen = 0  # flow records of any kind
        self.hosts = collections.defaultdict(lambda: {"flows": 0, "packets": 0, "bytes": 0, "peers": set(), "dst_ports": set(),
                                                      "duration_ms": 0, "tcp_flags": [0] * 8})

    def add(self, text):
        flow = json.loads(text)
        if flow["@type"] != "ipfix.entry":
            raise ValueError(f"not a flow record: {text}")
        self.seen += 1
        source, destination = (flow.get(f"ipfix.{end}IPv4Address") or flow[f"ipfix.{end}IPv6Address"]
                               for end in ("source", "destination"))
        needed = ("ipfix.destinationTransportPort", "ipfix.flowStartMilliseconds", "ipfix.flowEndMilliseconds",
                  "ipfix.protocolIdentifier")
        if any(key not in flow for key in needed) or ipaddress.ip_address(source) not in self.network:
            return
        host = self.hosts[source]
        host["flows"] += 1
        host["packets"] += flow["ipfix.packetDeltaCount"]
        host["bytes"] += flow["ipfix.octetDeltaCount"]
        host["peers"].add(destination)
        host["duration_ms"] += flow["ipfix.flowEndMilliseconds"] - flow["ipfix.flowStartMilliseconds"]
        if flow["ipfix.protocolIdentifier"] in (6, 17):
            host["dst_ports"].add(flow["ipfix.destinationTransportPort"])
        if flow["ipfix.protocolIdentifier"] == 6:
            bits = [int(bit) for bit in "{0:08b}".format(flow["ipfix.tcpControlBits"])]
            for i, bit in enumerate(reversed(bits)):
                host["tcp_flags"][i] += bit
