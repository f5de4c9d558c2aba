#!/usr/bin/env python3
"""The system's clock is set, forward and back, while the appliance runs:
clock_test.py HOSTSCOPE SETTABLE-CLOCK [unittest's arguments]

Only the appliance's clock, which settable_clock.cpp puts between it and the system's.
"""
import collections
import datetime
import json
import pathlib
import struct
import sys
import tempfile
import time
import unittest

import appliance
import network
import reference

HOUR = 3600


class Clock(unittest.TestCase):
    def setUp(self):
        self.network = network.Network()
        self.addCleanup(self.network.close)
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-clock-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.offset = 0
        self.sent = collections.Counter()
        (self.folder / "offset").write_bytes(bytes(8))
        environment = {"LD_PRELOAD": settable_clock, "CLOCK_OFFSET_FILE": str(self.folder / "offset")}
        self.appliance = appliance.Appliance(hostscope, self.network.collector, self.folder, windows="1s,5s",
                                             environment=environment)
        self.addCleanup(self.appliance.kill)

    def set_clock(self, by):
        self.offset += by
        with open(self.folder / "offset", "r+b", buffering=0) as file:
            file.write(struct.pack("=q", round(self.offset * 1e9)))

    def send(self):
        summary = self.folder / "sent.json"
        self.network.site.run(hostscope, "generate", "--format", "ipfix", "--udp", f"{network.COLLECTOR4}:{reference.PORT}",
                              "--rate", "1000", "--hosts", "50", "--duration", "3s", "--summary", summary)
        self.sent.update({name: json.loads(summary.read_text())[name] for name in ("flows", "packets", "bytes")})

    def test_every_record_is_in_one_window_of_each_length(self):
        steps = (HOUR, -2 * HOUR, -0.5, 30)
        self.send()
        for by in steps:
            self.set_clock(by)
            time.sleep(0.5)
            self.send()
        self.assertEqual(self.appliance.stop(), 0, self.appliance.log_text())
        stats, records = self.appliance.stats(), self.appliance.records()
        self.assertEqual(stats["clock"], {"steps_forward": 2, "steps_backward": 2}, self.appliance.log_text())
        self.assertEqual(stats["datagrams"]["received"], stats["datagrams"]["decoded"])
        self.assertEqual(stats["records"]["counted"], self.sent["flows"])
        whole, marked = collections.Counter(), collections.defaultdict(set)
        for seconds in (1, 5):
            sums, of_hosts = collections.Counter(), collections.Counter()
            for record in records:
                if record["window"]["seconds"] != seconds:
                    continue
                if "summary" in record:
                    sums.update({name: record["summary"][name] for name in self.sent})
                    if step := record["summary"].get("clock_step"):
                        marked[seconds].add(round(step, 1))
                elif "host" in record:
                    of_hosts.update({name: record["sent"][name] for name in self.sent} if "sent" in record else {})
                    if not record.get("partial"):
                        whole[seconds, record["record_id"]] += 1
            self.assertEqual(sums, self.sent, f"windows of {seconds} s")
            self.assertEqual(of_hosts, self.sent, f"hosts of {seconds} s")
        self.assertEqual(max(whole.values()), 1, "a host twice in a window, and none of it marked as a part")
        self.assertEqual({round(step) for step in marked[1]}, {HOUR, -2 * HOUR, round(-0.5), 30})
        now = time.time()
        hours = {round((datetime.datetime.fromisoformat(record["@timestamp"].replace("Z", "+00:00")).timestamp() - now) / HOUR)
                 for record in records}
        self.assertEqual(hours, {0, 1, -1}, "windows follow the clock")
        print(f"{self.appliance.driver}: {self.sent['flows']} flow records, {len(records)} records, steps {sorted(marked[1])}",
              flush=True)


if __name__ == "__main__":
    hostscope, settable_clock = sys.argv.pop(1), sys.argv.pop(1)
    if missing := network.why_unavailable(network.PROGRAMS):
        sys.exit(network.skip_or_fail(missing))
    unittest.main(verbosity=2)
