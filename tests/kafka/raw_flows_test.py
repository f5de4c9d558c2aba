#!/usr/bin/env python3
"""Flow records that the appliance passes on, read by an application of the collector's feed: raw_flows_test.py HOSTSCOPE

Through a real broker, in a network namespace of its own. What the application makes of them is exactly what was
generated, in every format; and host records don't depend on whether they can be delivered.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import broker as kafka  # noqa: E402
import isolation  # noqa: E402
import maven  # noqa: E402
from old_consumers import HostStatistics  # noqa: E402

TOPIC = "ipfix.entry"
RECORDS = 20_000


class RawFlows(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-flows-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.broker = kafka.Broker(self.folder / "broker")
        self.addCleanup(self.broker.kill)
        isolation.make_port()
        self.addCleanup(isolation.remove_port)
        self.output, self.stats, self.log = (self.folder / name for name in ("hosts.ndjson", "stats.json", "log"))

    def start_appliance(self, *more):
        (self.folder / "hostscope.yaml").write_text(f"""\
windows: [500ms]
cores:
  idle_sleep: 200us
memory:
  hosts: 10000
  sketches: 16MiB
dpdk:
  hugepages: no
sinks:
  ndjson:
    - path: {self.output}
raw_flows:
  brokers: ["{self.broker.bootstrap}"]
  queue: "65536"
{"".join(more)}""")
        appliance = isolation.Appliance(hostscope, self.folder / "hostscope.yaml", self.log, "--stats", self.stats)
        self.addCleanup(appliance.kill)
        return appliance

    def generate(self, *more, records=RECORDS):
        done = subprocess.run([hostscope, "generate", "--udp", f"{isolation.PORT4}:4739", "--records", str(records), "--rate",
                               "20000", "--hosts", "500", "--truth", self.folder / "truth", *more],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stderr)
        time.sleep(0.3)  # what was sent last arrives
        return summary, [json.loads(line) for line in (self.folder / "truth").read_text().splitlines()]

    def finish(self, appliance):
        self.assertEqual(appliance.stop(), 0, self.log.read_text())
        return json.loads(self.stats.read_text())

    def check_hosts(self, summary):
        """The host records have every flow record."""
        flows = sum(json.loads(line)["summary"]["flows"] for line in self.output.read_text().splitlines()
                    if '"summary"' in line)
        self.assertEqual(flows, summary["flows"])

    def check_application(self, application, truth):
        sent = {host["host"]: host["sent"] for host in truth
                if "sent" in host and (":" in host["host"]) == (application.network.version == 6)}
        self.assertEqual(application.hosts.keys(), sent.keys())
        for address, figures in application.hosts.items():
            expected = sent[address]
            self.assertEqual({**figures, "peers": len(figures["peers"]), "dst_ports": len(figures["dst_ports"])},
                             {key: expected[key] for key in figures}, address)

    def test_an_application_of_the_old_feed(self):
        self.broker.start()
        both = ["--ipv6-share", "0.3"]
        for i, export in enumerate((["--format", "ipfix", *both], ["--format", "v9", *both],
                                    ["--format", "v9", "--layout", "reduced", *both],
                                    ["--format", "ipfix", "--layout", "wide", *both], ["--format", "v5"])):
            with self.subTest(export):
                topic = f"flows.{i}"
                self.output.unlink(missing_ok=True)
                appliance = self.start_appliance(f"  topic: {topic}\n")
                summary, truth = self.generate(*export)
                stats = self.finish(appliance)["raw_flows"]
                self.assertEqual({key: stats[key] for key in ("seen", "delivered", "rejected", "dropped", "waiting")},
                                 {"seen": summary["flows"], "delivered": summary["flows"], "rejected": 0,
                                  "dropped": {"queue_full": 0, "lost": 0}, "waiting": 0})
                texts = kafka.consume(self.broker, topic, "%s\\n")
                self.assertEqual(len(texts), summary["flows"])
                for network in ("10.0.0.0/8", "2001:db8::/32"):
                    application = HostStatistics(network)
                    for text in texts:
                        application.add(text)
                    self.check_application(application, truth)
                self.check_hosts(summary)

    def test_without_a_broker_they_are_dropped_and_counted_and_host_records_are_not(self):
        appliance = self.start_appliance("  properties: {queue.buffering.max.messages: \"100\"}\n")
        summary, _ = self.generate(records=4 * RECORDS)
        stats = self.finish(appliance)["raw_flows"]
        self.assertEqual((stats["seen"], stats["delivered"], stats["waiting"]), (summary["flows"], 0, 0))
        self.assertGreater(stats["dropped"]["queue_full"], 0)
        self.assertEqual(stats["dropped"]["queue_full"] + stats["dropped"]["lost"], summary["flows"])
        self.check_hosts(summary)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    try:
        kafka.libraries()
        isolation.enter()
    except (maven.Unavailable, OSError) as unavailable:
        sys.exit(maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
