#!/usr/bin/env python3
"""Who may send, how it is read and how much of it, changed on the running appliance with SIGHUP:
policy_test.py HOSTSCOPE [unittest's arguments]
"""
import signal
import sys
import tempfile
import time
import unittest

import network
from appliance import CONFIG, Appliance

CORE, EDGE = network.SITE4, "10.77.0.3"
# Workers look for changes once a second.
CHANGE_SECONDS = 2.5

# NetFlow v5 datagrams of one flow record of 100 bytes each, from one address; the sequence number counts flows.
SENDER = f"""
import socket, struct, sys
address, count, sequence = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((address, 20000))
record = socket.inet_aton(address) + socket.inet_aton("198.51.100.1") + bytes(8) + struct.pack(">IIIIHHBBBB", 1, 100, 0, 0, 1, 2, 0, 0, 6, 0) + bytes(8)
for i in range(count):
    header = struct.pack(">HHIIIIBBH", 5, 1, 1000, 1700000000, 0, sequence + i, 0, 0, 0)
    sender.sendto(header + record, ("{network.COLLECTOR4}", 2055))
"""

# An IPFIX template that is another one in each message, with a record that fits it: two addresses, and one or two numbers.
FLAPPING = f"""
import socket, struct, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((sys.argv[1], 20000))
for i in range(int(sys.argv[2])):
    fields = [(8, 4), (12, 4), (1, 4)] + [(2, 4)] * (i % 2)
    template = struct.pack(">HH", 256, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)
    record = socket.inet_aton("10.1.2.3") + socket.inet_aton("10.4.5.6") + struct.pack(">I", 100) + bytes(4 * (i % 2))
    sets = struct.pack(">HH", 2, 4 + len(template)) + template + struct.pack(">HH", 256, 4 + len(record)) + record
    sender.sendto(struct.pack(">HHIII", 10, 16 + len(sets), 1700000000, i, 7) + sets, ("{network.COLLECTOR4}", 2055))
"""


class Policy(unittest.TestCase):
    def setUp(self):
        self.network = network.Network()
        self.addCleanup(self.network.close)
        self.network.site.ip("address", "add", f"{EDGE}/24", "dev", "uplink")
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-policy-")
        self.addCleanup(scratch.cleanup)
        self.appliance = Appliance(hostscope, self.network.collector, scratch.name, windows="1s")
        self.addCleanup(self.appliance.kill)
        self.sent = {CORE: 0, EDGE: 0}
        for address in self.sent:  # the neighbours learn of each other
            self.network.site.run("ping", "-c", "1", "-W", "5", "-I", address, network.COLLECTOR4)

    def send(self, address, count):
        self.network.site.run(sys.executable, "-c", SENDER, address, count, self.sent[address])
        self.sent[address] += count

    def reload(self, text, answer):
        """Writes the configuration, and waits for what the log says of it and for the workers."""
        before = self.appliance.log_text().count(answer)
        (self.appliance.folder / "hostscope.yaml").write_text(CONFIG + text)
        self.appliance.process.send_signal(signal.SIGHUP)
        network.wait_for(lambda: self.appliance.log_text().count(answer) > before, f"in the log: {answer}")
        time.sleep(CHANGE_SECONDS)

    def stats_when(self, condition):
        """The accounting as soon as it is so; it is written when a window closes."""
        try:
            return network.wait_for(lambda: self.appliance.stats_path.exists() and condition(self.appliance.stats()) and
                                    self.appliance.stats(), "the accounting", 20)
        except AssertionError:
            self.fail(f"{self.appliance.stats()}\n{self.appliance.log_text()}")

    def test_a_list_names_rates_and_limits(self):
        for address in (CORE, EDGE):
            self.send(address, 50)
        stats = self.stats_when(lambda stats: stats["datagrams"]["decoded"] == 100)
        self.assertEqual(stats["exporters"]["rules"]["others"]["decoded"], 100)
        self.assertEqual(stats["exporters"]["active"], 2)

        # Only one is on the list, under a name, and sampled.
        listed = ("exporters:\n  only_listed: true\n  rules:\n"
                  f"    - {{prefix: {CORE}/32, name: core routers, sampling_rate: 10}}\n")
        self.reload(listed, "changed while running: exporters.only_listed, exporters.rules")
        for address in (CORE, EDGE):
            self.send(address, 50)
        # A refused datagram alone closes no window.
        stats = self.stats_when(lambda stats: stats["datagrams"]["decoded"] == 150 and
                                stats["datagrams"]["dropped"]["exporter_refused"] == 50)
        self.assertEqual(stats["exporters"]["rules"], {"core routers": {
            "received": 50, "decoded": 50,
            "dropped": {"malformed": 0, "exporter_table_full": 0, "address_full": 0, "rate_limited": 0}}})
        self.assertEqual(stats["records"]["scaled"], 50)

        # A file with a mistake changes nothing.
        self.reload("exporters: {only_listed: perhaps}\n", "the configuration has problems; the old one stays in force")
        self.assertIn("hostscope.yaml:6: exporters.only_listed: 'perhaps' is neither; true or false", self.appliance.log_text())
        self.send(EDGE, 10)
        self.send(CORE, 10)
        self.stats_when(lambda stats: stats["datagrams"]["decoded"] == 160 and
                        stats["datagrams"]["dropped"]["exporter_refused"] == 60)

        # A limit, and what can't change while running.
        limited = listed.replace("sampling_rate: 10", "rate_limit: 20, rate_burst: 30") + "  max: 100\n"
        self.reload(limited, "a restart is needed to change: exporters.max")
        self.send(CORE, 1000)
        stats = self.stats_when(lambda stats: stats["exporters"]["rules"]["core routers"]["received"] == 1060)
        core = stats["exporters"]["rules"]["core routers"]
        self.assertEqual(core["received"], core["decoded"] + core["dropped"]["rate_limited"])
        # The burst, and 20 for each second that the sender took: a loaded machine may be slow.
        self.assertGreaterEqual(core["decoded"], 60 + 30)
        self.assertLess(core["decoded"], 60 + 30 + 20 * 10)
        self.assertEqual(core["dropped"]["rate_limited"], stats["datagrams"]["dropped"]["rate_limited"])
        self.assertEqual(stats["sequence_gaps"], 0, "what we drop is not lost before us")

        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        stats = self.appliance.stats()
        datagrams = stats["datagrams"]
        self.assertEqual(datagrams["received"], datagrams["decoded"] + sum(datagrams["dropped"].values()), datagrams)
        self.assertEqual(stats["records"]["counted"], datagrams["decoded"])
        # 100 at first, unsampled; then 60 of the listed one, times ten; then unsampled again.
        sent = sum(record["sent"]["bytes"] for record in self.appliance.records() if "host" in record and "sent" in record)
        self.assertEqual(sent, 100 * (100 + 60 * 10 + core["decoded"] - 60))

    def test_a_template_that_changes_too_often_is_refused_and_named(self):
        self.network.site.run(sys.executable, "-c", FLAPPING, CORE, 500)
        self.send(EDGE, 50)
        stats = self.stats_when(lambda stats: stats["datagrams"]["decoded"] == 550)
        # The first one and ten changes; what comes by a shape that was refused is not read by another one.
        self.assertEqual(stats["templates"]["learned"], 11)
        self.assertEqual(stats["templates"]["refused"], 489)
        self.assertEqual(stats["templates_refused"]["unstable"], 489)
        self.assertEqual(stats["sets"]["skipped"]["refused_template"], 489)
        self.assertEqual(stats["records"]["counted"], 11 + 50)
        line = f"exporter {CORE} port 20000 domain 7: so far 489 templates were refused (unstable 489)"
        network.wait_for(lambda: line in self.appliance.log_text(), "a line in the log", 15)
        self.assertEqual(self.appliance.log_text().count("templates were refused"), 1)
        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        sent = {record["host"]["ip"]: record["sent"]["bytes"] for record in self.appliance.records()
                if "host" in record and "sent" in record}
        self.assertEqual(sent["10.1.2.3"], 11 * 100)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    if missing := network.why_unavailable((*network.PROGRAMS, "ping")):
        sys.exit(network.skip_or_fail(missing))
    unittest.main(verbosity=2)
