#!/usr/bin/env python3
"""Four hours of twenty hosts, in which their flows are five hundred times as many for three minutes: replayed with profiles,
every host has one event, from when it began until the hosts are as before: replay_profiles_test.py HOSTSCOPE"""
import collections
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "fleet"))
from captures import Capture  # noqa: E402

HOSTS, HOURS, BURST_SECONDS = 20, 4, 180
BURST_AFTER = 10_000  # seconds; 02:46:40
CONFIG = """\
windows: [1m]
networks: [10.0.0.0/8]
ports:
  - device: net_null0
    addresses: [192.0.2.1]
profiles:
  enabled: {enabled}
  window: 1m
  warm_up: 1h
"""


def run(*arguments):
    return subprocess.run([hostscope, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def minute(record):
    """Of the window, from the beginning."""
    start = datetime.datetime.fromisoformat(record["window"]["start"].replace("Z", "+00:00"))
    return start.hour * 60 + start.minute


class Profiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-replay-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.captures = [cls.folder / "usual.pcap", cls.folder / "burst.pcap"]
        cls.generate(cls.captures[0], seed=1, rate=4, duration=f"{HOURS}h")
        cls.generate(cls.captures[1], seed=2, rate=2000, duration=f"{BURST_SECONDS}s")
        Capture(cls.captures[1]).write(cls.captures[1], delay=BURST_AFTER)

    @staticmethod
    def generate(capture, seed, rate, duration):
        made = run("generate", "--hosts", HOSTS, "--zipf", "0.2", "--seed", seed, "--rate", rate, "--duration", duration,
                   "--pcap", capture, "--summary", "/dev/null")
        assert made.returncode == 0, made.stderr

    def replay(self, *arguments, enabled="yes"):
        config = self.folder / "hostscope.yaml"
        config.write_text(CONFIG.format(enabled=enabled))
        done = run("replay", "-c", config, "--stats", self.folder / "stats", *arguments, *self.captures)
        return done, [json.loads(line) for line in done.stdout.splitlines()]

    def test_each_host_has_one_event_while_the_burst_lasts(self):
        done, records = self.replay()
        self.assertEqual(done.returncode, 0, done.stderr)
        events = collections.defaultdict(list)
        for record in records:
            if "anomaly" in record:
                events[record["host"]["ip"]].append((minute(record), record["anomaly"]))
        self.assertEqual(len(events), HOSTS)
        first, last = BURST_AFTER // 60, (BURST_AFTER + BURST_SECONDS) // 60
        for host, about in events.items():
            (opened, opening), (closed, closing) = about[0], about[-1]
            self.assertEqual([opening["state"], closing["state"]], ["open", "close"], host)
            self.assertEqual({each["id"] for _, each in about}, {opening["id"]}, host)
            self.assertTrue(first <= opened <= last, (host, opened))
            self.assertTrue(last < closed <= last + 10, (host, closed))
            self.assertGreater(opening["seen"], 50 * opening["expected"], host)
        self.assertFalse([record for record in records if "deviation" in record and minute(record) == 0])
        self.assertTrue(all("deviation" in record for record in records
                            if "sent" in record and "host" in record and minute(record) == first - 1))
        profiles = json.loads((self.folder / "stats").read_text())["profiles"]
        self.assertEqual(profiles["held"], HOSTS)
        self.assertEqual(profiles["windows"]["compared"], HOURS * 60)
        self.assertEqual(sum(profiles["events"].values()), HOSTS, profiles["events"])  # none is open any more

    def test_it_is_the_same_each_time(self):
        self.assertEqual(self.replay()[0].stdout, self.replay()[0].stdout)

    def test_without_profiles_the_records_are_the_same_but_for_what_they_say(self):
        with_profiles, without = self.replay()[1], self.replay(enabled="no")[1]
        for record in with_profiles:
            record.pop("deviation", None)
        self.assertEqual([record for record in with_profiles if "anomaly" not in record], without)
        self.assertNotIn("profiles", json.loads((self.folder / "stats").read_text()))

    def test_windows_must_have_the_length_of_the_profiles(self):
        done, records = self.replay("--windows", "10s")
        self.assertEqual((done.returncode, records), (1, []))
        self.assertEqual(done.stderr, "hostscope replay: --windows: profiles.window of the configuration, 1m, is none of them\n")


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    unittest.main(verbosity=2)
