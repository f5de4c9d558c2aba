#!/usr/bin/env python3
"""An appliance that is killed and started again, while a real exporter goes on and has not repeated its templates yet:
restart_test.py HOSTSCOPE [unittest's arguments]
"""
import pathlib
import signal
import sys
import tempfile
import time
import unittest

import network
import reference
from appliance import CONFIG, Appliance
from exporters import Pmacctd

# A flow is exported two seconds after it began, or a second later.
EXPORTED_SECONDS = 5


class Restart(unittest.TestCase):
    def start_appliance(self, name):
        folder = self.folder / name
        folder.mkdir()
        state = f"state: {{path: {self.folder / 'state'}, interval: 1s}}\n"
        appliance = Appliance(hostscope, self.network.collector, folder, windows="1s", config=CONFIG + state)
        self.addCleanup(appliance.kill)
        return appliance

    def ping(self):
        """Traffic under the exporter's eyes; more than a few packets, since libpcap hands them over by blocks."""
        self.network.left.run("ping", "-4", "-q", "-f", "-c1000", "-s1400", "-w20", "-I", network.LEFT[0], network.RIGHT[0])
        time.sleep(EXPORTED_SECONDS)

    def check(self, version):
        self.network = network.Network()
        self.addCleanup(self.network.close)
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-restart-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        exporter = Pmacctd(version)
        self.addCleanup(exporter.close)
        before = self.start_appliance("before")
        self.network.site.run("ping", "-q", "-c1", "-w10", network.COLLECTOR4)
        capture = reference.Capture(self.network.site, "uplink", str(self.folder / "export.pcap"))
        self.addCleanup(capture.kill)
        exporter.start(self.network, self.folder)
        self.ping()
        network.wait_for((self.folder / "state/exporters").exists, "templates to be kept")
        first = before.stats()
        before.kill()  # with SIGKILL

        after = self.start_appliance("after")
        self.ping()
        capture.stop()
        self.assertEqual(after.stop(), 0, after.log_text())
        second, sent = after.stats(), reference.read(capture.path)
        print(f"version {version}: {second['datagrams']['decoded']} datagrams, {second['records']['counted']} flow records "
              f"after the restart; templates {second['templates']}", flush=True)
        self.assertGreater(first["templates"]["learned"], 0)
        self.assertGreater(second["templates"]["recalled"], 0)
        self.assertEqual(second["templates"]["learned"] + second["templates"]["refreshed"], 0,
                         "it was to be seen what comes before its templates come again")
        self.assertGreater(second["records"]["counted"], 0)
        self.assertEqual(sum(second["sets"]["skipped"].values()), 0)
        self.assertEqual(first["records"]["counted"] + second["records"]["counted"], sent.flows)
        hosts = {record["host"]["ip"] for record in after.records() if "host" in record}
        self.assertLessEqual({network.LEFT[0], network.RIGHT[0]}, hosts)

    def test_netflow_v9(self):
        self.check(9)

    def test_ipfix(self):
        self.check(10)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    if missing := network.why_unavailable((*network.PROGRAMS, *reference.PROGRAMS, "ping", "pmacctd")):
        sys.exit(network.skip_or_fail(missing))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2)
