#!/usr/bin/env python3
"""Several exporters at once over networks that do what networks do: hostile_test.py HOSTSCOPE [unittest's arguments]

IPv4 and IPv6, VLANs, fragments, jumbo frames, and a stretch that reorders, repeats and loses. Each exporter is
`hostscope generate` with hosts in a network of its own, so that what it sent is known, and what came of it can be told from
what came of the others: its datagrams by the rule that names it, its flow records by the hosts that are in them.
"""
import collections
import ipaddress
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import network
from appliance import CONFIG, Appliance, Windows

PORT = 4739
RECORDS = 6000
SECONDS = 1.5
VLAN, VLAN_COLLECTOR, TAGGED = 120, "10.77.120.1", "10.77.120.2"
WIRE = pathlib.Path(__file__).with_name("wire.py")

# `space` is where it runs; datagrams of `size` records.
Exporter = collections.namedtuple("Exporter", "name space source target format size")
LONGEST = 60_000


class Sums:
    def __init__(self):
        self.flows = self.packets = self.bytes = 0

    def add(self, role):
        self.flows += role["flows"]
        self.packets += role["packets"]
        self.bytes += role["bytes"]


def rules(exporters):
    lines = [f"    - {{prefix: {each.source}/{128 if ':' in each.source else 32}, name: {each.name}}}" for each in exporters]
    return "exporters:\n  only_listed: true\n  rules:\n" + "\n".join(lines) + "\n" if lines else ""


def hosts_of(index):
    return ipaddress.ip_network(f"10.{100 + index}.0.0/16")


class Hostile(unittest.TestCase):
    def set_up(self, exporters, treatments=None, mtu=1500):
        self.exporters = exporters
        self.network = network.Network(has_wire=True, mtu=mtu)
        self.addCleanup(self.network.close)
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-hostile-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        site = self.network.site
        self.network.tagged.device("uplink", f"{TAGGED}/24")
        for each in exporters:
            if each.space == "site" and each.source not in (network.SITE4, network.SITE6):
                site.ip("address", "add", f"{each.source}/{64 if ':' in each.source else 24}", "dev", "uplink")
        self.wire = self.network.wire.start(sys.executable, WIRE, "outside", "inside", "access", VLAN, PORT, 826,
                                            json.dumps(treatments or {}), stdout=subprocess.PIPE)
        self.addCleanup(self.end, self.wire)
        self.assertEqual(self.wire.stdout.readline(), "ready\n")

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def start(self, drivers, config="", http="none", device="port0"):
        self.appliance = Appliance(hostscope, self.network.collector, self.folder, drivers=drivers, device=device, http=http,
                                   config=CONFIG + rules(self.exporters) + config,
                                   addresses=(network.COLLECTOR4, network.COLLECTOR6, VLAN_COLLECTOR))
        self.addCleanup(self.appliance.kill)
        for each in self.exporters:  # neighbours learn of each other
            getattr(self.network, each.space).run("ping", "-c1", "-W5", "-I", each.source, each.target)

    def export(self):
        """All at the same time. Returns what each sent."""
        running = []
        for index, each in enumerate(self.exporters):
            target = f"[{each.target}]:{PORT}" if ":" in each.target else f"{each.target}:{PORT}"
            running.append(getattr(self.network, each.space).start(
                hostscope, "generate", "--format", each.format, "--udp", target, "--source", each.source,
                "--records", RECORDS, "--rate", RECORDS / SECONDS, "--records-per-datagram", each.size, "--datagram-bytes",
                LONGEST, "--hosts", 500,
                "--ipv4-network", hosts_of(index), "--seed", index + 1, "--summary", self.folder / f"{index}.json",
                stderr=subprocess.PIPE))
            self.addCleanup(self.end, running[-1])
        for process in running:
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 0, said)
        time.sleep(0.3)  # the last datagram arrives
        return [json.loads((self.folder / f"{index}.json").read_text()) for index in range(len(self.exporters))]

    def stop(self):
        """The accounting, whose identities hold for all together and for each exporter; and what is counted of each."""
        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        stats = self.appliance.stats()
        datagrams, records = stats["datagrams"], stats["records"]
        self.assertEqual(datagrams["received"], datagrams["decoded"] + sum(datagrams["dropped"].values()), datagrams)
        self.assertEqual(records["seen"], records["counted"] + sum(records["skipped"].values()), records)
        (self.port,) = stats["ports"].values()
        rules = stats["exporters"]["rules"]
        self.assertEqual(sorted(rules), sorted(each.name for each in self.exporters))
        for name, of_rule in rules.items():
            self.assertEqual(of_rule["received"], of_rule["decoded"] + sum(of_rule["dropped"].values()), name)
        counted = [Sums() for _ in self.exporters]
        for window in self.appliance.records():
            if window.get("window", {}).get("seconds") != 1 or "host" not in window or "sent" not in window:
                continue
            index = next(i for i in range(len(counted)) if ipaddress.ip_address(window["host"]["ip"]) in hosts_of(i))
            counted[index].add(window["sent"])
        self.assertEqual(sum(each.flows for each in counted), records["counted"])
        Windows(self.appliance.records())  # each is complete
        return stats, counted

    def check_whole(self, sent):
        """Nothing is lost, of nobody."""
        stats, counted = self.stop()
        for each, said, found in zip(self.exporters, sent, counted):
            self.assertEqual(stats["exporters"]["rules"][each.name]["decoded"], said["datagrams"], each.name)
            self.assertEqual((found.flows, found.packets, found.bytes), (said["flows"], said["packets"], said["bytes"]),
                             each.name)
        self.assertFalse(any(stats["datagrams"]["dropped"].values()), stats["datagrams"])
        self.assertEqual(stats["sequence_gaps"], 0)
        self.assertEqual(stats["datagrams"]["received"], sum(said["datagrams"] for said in sent))

    def test_both_families_vlans_and_fragments(self):
        self.set_up([
            Exporter("v4-routed", "left", network.LEFT[0], network.COLLECTOR4, "ipfix", 20),
            Exporter("v6-routed", "left", network.LEFT6[0], network.COLLECTOR6, "v9", 20),
            Exporter("v4-vlan", "tagged", TAGGED, VLAN_COLLECTOR, "v5", 24),
            Exporter("v4-fragments", "site", "10.77.0.21", network.COLLECTOR4, "ipfix", 150),
            Exporter("v6-fragments", "site", "fd77::21", network.COLLECTOR6, "v9", 100),
        ])
        self.start(("net_af_xdp0",))
        self.check_whole(self.export())
        self.assertGreaterEqual(self.port["fragments"]["joined"], RECORDS / 150 * 4)
        self.assertEqual(self.port["fragments"]["waiting"], 0)

    def test_jumbo_frames_and_their_fragments(self):
        self.set_up([
            Exporter("v4-jumbo", "site", network.SITE4, network.COLLECTOR4, "ipfix", 190),
            Exporter("v6-jumbo", "left", network.LEFT6[0], network.COLLECTOR6, "ipfix", 180),
            Exporter("v4-jumbo-vlan", "tagged", TAGGED, VLAN_COLLECTOR, "v9", 180),
            # Of IPv4 the kernel joins what it gives to net_af_packet.
            Exporter("v6-jumbo-fragments", "site", "fd77::21", network.COLLECTOR6, "ipfix", 600),
        ], mtu=9000)
        # AF_XDP has a frame in one page.
        self.start(("",), config="ports:\n  - device: net_af_packet0,iface=port0\n    mtu: 9000\n"
                   f"    vlans: [0, {VLAN}]\n    addresses: [{network.COLLECTOR4}, '{network.COLLECTOR6}', {VLAN_COLLECTOR}]\n")
        self.check_whole(self.export())
        self.assertGreaterEqual(self.port["frames"]["datagram"], RECORDS // 190)
        self.assertGreaterEqual(self.port["fragments"]["joined"], RECORDS // 600 * 4)
        self.assertEqual(self.port["frames"]["other_vlan"], 0)

    def test_loss_repetition_and_reordering(self):
        treatments = {"10.77.0.21": [0.05, 0, 0], "10.77.0.22": [0, 0.05, 0], "10.77.0.23": [0, 0, 0.1],
                      "10.77.0.24": [0.05, 0, 0.1], "fd77::25": [0.05, 0.05, 0.1]}
        names = ("lossy", "repeated", "reordered", "lossy-reordered", "all-of-it")
        formats = ("ipfix", "v9", "v5", "ipfix", "v9")
        self.set_up([Exporter(name, "site", source, network.COLLECTOR6 if ":" in source else network.COLLECTOR4, kind, 20)
                     for name, source, kind in zip(names, treatments, formats)], treatments)
        self.start(("net_af_xdp0", "net_af_packet0"))
        sent = self.export()
        self.wire.send_signal(signal.SIGTERM)
        books = json.loads(self.wire.communicate(timeout=10)[0])
        time.sleep(0.2)
        stats, counted = self.stop()
        lost_units = [0, 0]  # by the wire: of all, and of those whose loss can be told from numbers alone
        for each, said, found in zip(self.exporters, sent, counted):
            passed = books[each.source]
            self.assertEqual(len(passed), said["datagrams"], "every one came to the wire")
            copies = sum(passed.values())
            lost = sum(1 for times in passed.values() if times == 0)
            if treatments[each.source][0] != 0:
                self.assertGreater(lost, 0, "the wire did something")
            if treatments[each.source][1] != 0:
                self.assertGreater(copies, len(passed) - lost, "the wire did something")
            of_rule = stats["exporters"]["rules"][each.name]
            self.assertEqual((of_rule["received"], of_rule["decoded"]), (copies, copies), each.name)
            # All datagrams have 20 records, as 20 divides RECORDS.
            self.assertEqual(found.flows, copies * 20, each.name)
            if "lossy" in each.name or each.name == "all-of-it":
                units = {"ipfix": 20, "v9": 1}[each.format]
                # What is lost at the very end nobody can see.
                numbers = sorted(int(number) for number in passed)
                while passed[str(numbers[-1])] == 0:
                    numbers.pop()
                    lost -= 1
                lost_units[0] += lost * units
                if each.name != "all-of-it":
                    lost_units[1] += lost * units
        # A datagram that comes twice looks like one that was missed before: that makes the estimate smaller, never larger.
        self.assertLessEqual(stats["sequence_gaps"], lost_units[0])
        self.assertGreaterEqual(stats["sequence_gaps"], lost_units[1])
        self.assertFalse(any(stats["datagrams"]["dropped"].values()), stats["datagrams"])

    def capture(self, path, *words):
        process = self.network.collector.start(hostscope, "capture", "-o", path, *words, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    def end_capture(self, process):
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)[1]
        self.assertEqual(process.returncode, 0, said)
        return int(said.split()[0])

    def test_what_is_captured_can_be_replayed(self):
        self.set_up([
            Exporter("v4-routed", "left", network.LEFT[0], network.COLLECTOR4, "ipfix", 20),
            Exporter("v4-vlan", "tagged", TAGGED, VLAN_COLLECTOR, "v5", 24),
            Exporter("v6-fragments", "site", "fd77::21", network.COLLECTOR6, "v9", 100),
        ])
        self.start(("net_af_xdp0", "net_af_packet0"), http="127.0.0.1:8080")
        network.wait_for(lambda: "HTTP at" in self.appliance.log_text(), "the HTTP interface")
        full = self.capture("/dev/full")  # the disk, not the appliance, has a problem
        said = full.communicate(timeout=10)[1]
        self.assertEqual(full.returncode, 1, said)
        self.assertIn("No space left on device", said)
        time.sleep(0.2)  # the appliance sees that it is gone
        everything = self.folder / "everything.pcapng"
        capture = self.capture(everything)
        network.wait_for(lambda: everything.exists() and everything.stat().st_size > 0, "the capture's start")
        second = self.capture(self.folder / "second.pcapng")
        said = second.communicate(timeout=10)[1]
        self.assertEqual(second.returncode, 1, said)
        self.assertIn("409", said)
        sent = self.export()
        frames = self.end_capture(capture)
        network.wait_for(lambda: self.appliance.log_text().count("frames, 0 missed") == 2, "the capture's end")
        one = self.folder / "one.pcapng"
        one_exporter = self.capture(one, "--exporter", f"{TAGGED}/32", "--seconds", "2", "--snap", "60")
        network.wait_for(lambda: one.exists() and one.stat().st_size > 0, "the capture's start")
        self.network.tagged.run("ping", "-q", "-c3", "-i0.2", "-I", TAGGED, VLAN_COLLECTOR)
        said = one_exporter.communicate(timeout=10)[1]
        self.assertEqual((one_exporter.returncode, said), (0, "3 frames\n"))
        self.check_whole(sent)

        # Other programs read it, and our own replay counts what the appliance counted.
        listed = network.run(["tcpdump", "-n", "-e", "-r", everything]).splitlines()
        self.assertEqual(sum(" > " in line for line in listed), frames)
        self.assertTrue(any(f"vlan {VLAN}" in line for line in listed))
        self.assertTrue(any(f"vlan {VLAN}" in line for line in network.run(["tcpdump", "-n", "-e", "-r", one]).splitlines()))
        network.run([hostscope, "replay", "--stats", self.folder / "replayed.json", everything])
        replayed = json.loads((self.folder / "replayed.json").read_text())
        self.assertEqual(replayed["datagrams"]["decoded"], sum(said["datagrams"] for said in sent))
        self.assertEqual(replayed["records"]["counted"], sum(said["flows"] for said in sent))

    def test_a_link_that_goes_and_an_address_that_two_have(self):
        # A device of DPDK's with a link that can be taken away; the kernel is the station at its other end.
        self.set_up([])
        space = self.network.collector
        self.start(("net_tap0",), device="tap0")
        space.ip("link", "set", "tap0", "down")
        network.wait_for(lambda: "the link is down" in self.appliance.log_text(), "the link goes down")
        # When the link comes back the appliance asks who has its addresses.
        space.ip("link", "set", "tap0", "address", "02:00:00:00:00:99")
        space.ip("address", "add", f"{network.COLLECTOR4}/24", "dev", "tap0")
        space.ip("link", "set", "tap0", "up")
        network.wait_for(lambda: "the link is up" in self.appliance.log_text(), "the link comes up")
        network.wait_for(lambda: "another station has one of its addresses" in self.appliance.log_text(), "the conflict")
        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        (port,) = self.appliance.stats()["ports"].values()
        self.assertGreaterEqual(port["frames"]["conflict"], 1)
        self.assertEqual(port["link_changes"], 2)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    hostscope = sys.argv.pop(1)
    if missing := network.why_unavailable((*network.PROGRAMS, "ping", "tcpdump")):
        sys.exit(network.skip_or_fail(missing))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2)
