#!/usr/bin/env python3
"""The first look from end to end, in a network namespace of its own: quickstart_test.py HOSTSCOPE

It shows hosts and a balanced accounting, and leaves nothing behind, neither after its end nor when told to end.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import network

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "quickstart"
SECONDS = 90


class Quickstart(unittest.TestCase):
    def setUp(self):
        network.remove_abandoned()
        self.space = network.Namespace(os.getpid(), "quickstart")
        self.addCleanup(network.remove, self.space.name)
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-quickstart-test-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def start(self, *arguments):
        return self.space.start(SCRIPT, "--program", hostscope, *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "TMPDIR": str(self.folder)})

    def check_nothing_is_left(self):
        self.assertEqual(network.run(["ip", "netns", "pids", self.space.name]).split(), [])
        self.assertNotIn("hostscope", self.space.ip("link", "show"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_shows_hosts_and_a_balanced_accounting(self):
        process = self.start("--windows", "1")
        said, _ = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 0, said)
        window = re.search(r": (\d+) hosts, (\d+) flows, (\d+) packets, (\d+) bytes", said)
        self.assertIsNotNone(window, said)
        self.assertGreater(int(window[2]), 0)
        records = [json.loads(line) for line in said.splitlines() if line.startswith('{"@timestamp"')]
        self.assertEqual(len(records), 1, said)
        self.assertIn("ip", records[0]["host"])
        for pattern in (r"datagrams: (\d+) received = (\d+) decoded \+ (\d+) dropped",
                        r"flow records: (\d+) seen = (\d+) counted \+ (\d+) skipped"):
            books = re.search(pattern, said)
            self.assertIsNotNone(books, said)
            total, good, other = map(int, books.groups())
            self.assertEqual((total, other), (good, 0))
            self.assertGreater(total, 0)
        self.assertIn("lost on the way, by the sequence numbers: 0", said)
        self.check_nothing_is_left()

    def test_told_to_end_it_leaves_nothing(self):
        process = self.start("--stay")
        for line in process.stdout:
            if "What each host sent" in line:
                break
        # To the script alone, as by `kill`; it ends what it started.
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
        self.check_nothing_is_left()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    hostscope = sys.argv.pop(1)
    reason = network.why_unavailable((*network.PROGRAMS, "bash", "jq"))
    if reason:
        sys.exit(network.skip_or_fail(reason))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2)
