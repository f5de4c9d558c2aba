"""What an exporter sent, by others: tcpdump records its datagrams, tshark reads flow records from them."""
import collections
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

from appliance import add

PROGRAMS = ("tcpdump", "tshark")
PORT = 2055
# Names of Wireshark's fields; a counter of 8 bytes has another one.
SOURCE = ("cflow.srcaddr", "cflow.srcaddrv6")
DESTINATION = ("cflow.dstaddr", "cflow.dstaddrv6")
PACKETS = ("cflow.packets", "cflow.packets64")
OCTETS = ("cflow.octets", "cflow.octets64")

Sent = collections.namedtuple("Sent", "datagrams flows hosts")


class Capture:
    """Records what leaves a namespace through a device."""

    def __init__(self, namespace, device, path):
        self.path = path
        self.process = namespace.start("tcpdump", "-i", device, "-n", "-s", 0, "--immediate-mode", "-U", "-B", 16384, "-Q", "out", "-w", path,
                                       "udp and port", PORT, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if "listening on" in line:
                return
        raise RuntimeError("tcpdump did not start")

    def stop(self):
        """Ends it; raises where it missed a packet."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        captured = re.search(r"(\d+) packets? captured", said)
        dropped = re.search(r"(\d+) packets? dropped by kernel", said)
        if not captured or not dropped or int(dropped[1]) != 0:
            raise RuntimeError(f"tcpdump: {said}")
        return int(captured[1])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


def first(fields, names):
    for name in names:
        if name in fields:
            return fields[name]
    return None


def flows_of(tree):
    """The flow records under a tshark protocol tree, each a dictionary of its fields."""
    for field in tree.iter("field"):
        label = field.get("show") or ""
        if field.get("name") == "" and re.match(r"(Flow|pdu) \d+", label) and "template" not in label.lower():
            fields = {}
            for inner in field.iter("field"):
                fields.setdefault(inner.get("name"), inner.get("show"))
            yield fields


def read(path):
    """Datagrams, flow records, and the sums of each host and role, as tshark sees them."""
    done = subprocess.run(["tshark", "-n", "-r", path, "-d", f"udp.port=={PORT},cflow", "-T", "pdml"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"tshark: {done.stderr.decode()}")
    datagrams, flows, hosts = 0, 0, {}
    for packet in ElementTree.fromstring(done.stdout).iter("packet"):
        trees = [proto for proto in packet.iter("proto") if proto.get("name") == "cflow"]
        datagrams += len(trees)
        for tree in trees:
            for fields in flows_of(tree):
                source, destination = first(fields, SOURCE), first(fields, DESTINATION)
                if source is None:  # options data
                    continue
                packets, octets = int(first(fields, PACKETS)), int(first(fields, OCTETS))
                flows += 1
                add(hosts, (source, "sent"), 1, packets, octets)
                add(hosts, (destination, "received"), 1, packets, octets)
    return Sent(datagrams, flows, hosts)
