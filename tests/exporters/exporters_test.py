#!/usr/bin/env python3
"""The running appliance against real exporters of real traffic: exporters_test.py HOSTSCOPE [unittest's arguments]

What each host sent and received, by the appliance's records, equals to the byte what is in the exporter's datagrams as
tcpdump recorded and tshark read them, and the flow records that the exporter says it sent.
"""
import json
import signal
import sys
import tempfile
import time
import unittest

import network
import reference
import traffic
from appliance import Appliance, Windows, check_accounting
from exporters import PROGRAMS, OpenVswitch, Pmacctd, Softflowd, versions

BASE, ROLLUP = 1, 3  # seconds


class WithAppliance(unittest.TestCase):
    """Everything that a case starts ends with it, whatever comes."""

    def set_up(self, is_routed=True, windows=f"{BASE}s,{ROLLUP}s"):
        self.network = network.Network(is_routed)
        self.addCleanup(self.network.close)
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-exporters-")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.appliance = Appliance(hostscope, self.network.collector, self.folder, windows=windows)
        self.addCleanup(self.appliance.kill)

    def stop_appliance(self, is_numbered_right=True):
        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        stats = self.appliance.stats()
        check_accounting(stats, is_numbered_right)
        return stats


class RealExporters(WithAppliance):
    def export(self, exporter):
        """Traffic under the exporter's eyes. Returns what it sent, recorded on its way."""
        self.set_up(exporter.is_routed)
        capture = reference.Capture(self.network.site, "uplink", f"{self.folder}/export.pcap")
        self.addCleanup(capture.kill)
        self.addCleanup(exporter.close)
        exporter.start(self.network, self.folder)
        traffic.warm_up(self.network)
        exporter.observe()
        traffic.send(self.network)
        exporter.flush()
        exporter.close()
        time.sleep(0.2)  # what it sent last arrives, here and there
        capture.stop()
        return reference.read(capture.path)

    def check(self, exporter, has_ipv6=True):
        sent = self.export(exporter)
        stats = self.stop_appliance(exporter.is_numbered_right)
        windows = Windows(self.appliance.records())
        said = exporter.said_flows()
        print(f"{self.id().split('.')[-1]}: {self.appliance.driver}: {sent.datagrams} datagrams, {sent.flows} flow records" +
              (f" (the exporter says {said})" if said is not None else "") + f", {len(sent.hosts)} hosts and roles, "
              f"{len(windows.summaries)} windows", flush=True)
        self.check_traffic(sent.hosts, has_ipv6)
        if said is not None:
            self.assertEqual(said, sent.flows)
        self.assertEqual(stats["datagrams"]["decoded"], sent.datagrams)
        self.assertEqual(stats["records"]["counted"], sent.flows)
        self.maxDiff = None
        for seconds in (BASE, ROLLUP):
            self.assertEqual(windows.hosts[seconds], sent.hosts, f"windows of {seconds} s")

    def check_traffic(self, hosts, has_ipv6):
        """That the exporter saw what was sent: else equal sums would say little."""
        pairs = [(network.LEFT[2], network.RIGHT[2], 28)]
        if has_ipv6:
            pairs.append((network.LEFT6[1], network.RIGHT6[1], 48))
        for left, right, headers in pairs:
            for key in ((left, "received"), (right, "sent"), (right, "received")):
                self.assertGreaterEqual(hosts[key].packets, traffic.PING_COUNT, key)
                self.assertGreaterEqual(hosts[key].bytes, traffic.PING_COUNT * (traffic.PING_BYTES + headers), key)
        self.assertGreaterEqual(hosts[(network.RIGHT[0], "sent")].flows, traffic.REQUESTS)
        self.assertGreaterEqual(hosts[(network.RIGHT[1], "received")].bytes, traffic.BULK_BYTES)

    def test_softflowd_netflow_v5(self):
        self.check(Softflowd(5), has_ipv6=False)

    # NetFlow v5 over IPv6 is left out: its datagrams of 30 records are longer than a packet, and come in fragments.

    def test_softflowd_netflow_v9(self):
        self.check(Softflowd(9))

    def test_softflowd_netflow_v9_over_ipv6(self):
        self.check(Softflowd(9, is_ipv6=True))

    def test_softflowd_ipfix(self):
        self.check(Softflowd(10))

    def test_softflowd_ipfix_over_ipv6(self):
        self.check(Softflowd(10, is_ipv6=True))

    def test_pmacctd_netflow_v5(self):
        self.check(Pmacctd(5), has_ipv6=False)

    def test_pmacctd_netflow_v9(self):
        self.check(Pmacctd(9))

    def test_pmacctd_ipfix(self):
        self.check(Pmacctd(10))

    def test_open_vswitch_netflow_v5(self):
        self.check(OpenVswitch("netflow5"), has_ipv6=False)

    def test_open_vswitch_ipfix(self):
        self.check(OpenVswitch("ipfix"))


class Neighbours(WithAppliance):
    def test_answers_arp_neighbour_solicitation_and_ping(self):
        self.set_up()
        site = self.network.site
        for flag, address in (("-4", network.COLLECTOR4), ("-6", network.COLLECTOR6)):
            site.run("ping", flag, "-q", "-c3", "-i0.2", "-w10", address)
            self.assertIn("lladdr", site.ip("neighbour", "show", address))
        port = next(iter(self.stop_appliance()["ports"].values()))
        self.assertGreaterEqual(port["frames"]["echo"], 6)
        self.assertGreaterEqual(port["frames"]["neighbour"], 1)
        # net_af_xdp and net_af_packet hand over what the kernel has; ARP is no exception.
        self.assertGreaterEqual(port["frames"]["arp"], 1)
        self.assertGreaterEqual(port["replies"], 8)
        self.assertEqual(port["replies_failed"], 0)


class Ending(WithAppliance):
    LENGTHS = (20, 60)  # seconds

    def test_sigterm_in_mid_window_writes_it_marked_partial(self):
        self.set_up(windows=",".join(f"{length}s" for length in self.LENGTHS))
        while (left := self.LENGTHS[0] - time.time() % self.LENGTHS[0]) < 8:
            time.sleep(left)
        summary = f"{self.folder}/sent.json"
        self.network.site.run(hostscope, "generate", "--format", "ipfix", "--udp", f"{network.COLLECTOR4}:{reference.PORT}",
                              "--rate", "3000", "--hosts", "200", "--duration", "1s", "--summary", summary)
        time.sleep(0.1)  # the last datagram arrives
        self.assertEqual(self.appliance.lines(), [], "a window closed before its end")
        self.stop_appliance()
        with open(summary) as file:
            sent = json.load(file)
        windows = Windows(self.appliance.records())
        self.assertEqual([each["window"]["seconds"] for each in windows.summaries], list(self.LENGTHS))
        for window in windows.summaries:
            self.assertIs(window["partial"], True)
            said = window["summary"]
            self.assertEqual((said["flows"], said["packets"], said["bytes"], said["hosts"]),
                             (sent["flows"], sent["packets"], sent["bytes"], sent["hosts"]))
            self.assertGreater(said["flows"], 1000)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    hostscope = sys.argv.pop(1)
    reason = network.why_unavailable((*network.PROGRAMS, *traffic.PROGRAMS, *reference.PROGRAMS, *PROGRAMS))
    if reason:
        sys.exit(network.skip_or_fail(reason))
    # Told to end, it still takes back what it made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print("\n".join(versions()), flush=True)
    unittest.main(verbosity=2)
