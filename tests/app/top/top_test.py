#!/usr/bin/env python3
"""hostscope top on a terminal of its own, and on none: top_test.py HOSTSCOPE"""
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "run/metrics"))
from appliance import Appliance  # noqa: E402


class Terminal:
    """A pseudo terminal that a program runs on, and what it has written there."""

    def __init__(self, command, columns, rows):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        self.slave = slave
        self.text = ""

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536).decode()
            if re.search(pattern, self.text, re.S):
                return
        raise AssertionError(f"no {pattern!r} in {self.text[-4000:]!r}")

    def send(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        status = self.process.wait(timeout=10)
        while select.select([self.master], [], [], 0.1)[0]:
            self.text += os.read(self.master, 65536).decode()
        after = termios.tcgetattr(self.slave)
        os.close(self.slave)
        os.close(self.master)
        return status, after == self.before


def rows_of(frame):
    """The lines of one frame without their escape sequences."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame)
    return [row.rstrip("\r") for row in plain.split("\n")]


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = Appliance(hostscope, 8000, 12, is_endless=True)
        cls.addClassCleanup(cls.appliance.close)

    def test_once_prints_a_frame(self):
        done = subprocess.run([hostscope, "top", self.appliance.url, "--once", "--interval", "2500ms"], capture_output=True,
                              text=True, timeout=30, check=True)
        self.assertNotIn("\x1b", done.stdout)
        lines = done.stdout.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertRegex(lines[1], r"^datagrams +[1-9][0-9.]*[kM]?/s")
        self.assertRegex(lines[2], r"^flow records +[1-9][0-9.]*[kM]?/s")
        self.assertEqual(sum("edge 198.18.0." in line for line in lines), 5)
        self.assertTrue(any(line.startswith("other") for line in lines))
        self.assertTrue(any("out.ndjson" in line for line in lines), done.stdout)
        first = next(i for i, line in enumerate(lines) if line.startswith("HOST (of ")) + 1
        self.assertRegex(lines[first], r"^[0-9a-f.:]+ +[1-9][0-9.]*[kMG]? +[1-9]")

    def test_on_a_terminal(self):
        terminal = Terminal([hostscope, "top", self.appliance.url, "--interval", "1s"], 80, 24)
        terminal.wait_for("SINK")
        terminal.wait_for(r"datagrams +[1-9][0-9.]*[kM]?/s")
        frames = terminal.text.split("\x1b[H")[1:-1]
        for frame in frames:
            self.assertLessEqual(len(rows_of(frame)), 24)
            self.assertLessEqual(max(map(len, rows_of(frame))), 80)
        terminal.text = ""
        terminal.resize(60, 12)
        terminal.wait_for("\x1b\\[H.*SINK.*\x1b\\[H")
        frame = terminal.text.split("\x1b[H")[-2]
        self.assertLessEqual(len(rows_of(frame)), 12)
        self.assertLessEqual(max(map(len, rows_of(frame))), 60)
        terminal.send("q")
        self.assertEqual(terminal.end(), (0, True))
        self.assertTrue(terminal.text.endswith("\x1b[?25h\x1b[?1049l"))

    def test_a_signal_gives_the_terminal_back(self):
        terminal = Terminal([hostscope, "top", self.appliance.url], 80, 24)
        terminal.wait_for("SINK")
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.end(), (0, True))

    def test_says_what_is_not_there(self):
        for arguments, status, said in ((["http://127.0.0.1:1", "--once"], 1, "127.0.0.1 port 1"),
                                        ([self.appliance.url], 1, "there is no terminal"),
                                        (["127.0.0.1:8080"], 2, "is no http:// or https:// URL"),
                                        ([self.appliance.url, "--interval", "10ms"], 2, "is too short")):
            done = subprocess.run([hostscope, "top", *arguments], capture_output=True, text=True, timeout=30,
                                  stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, status, arguments)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    unittest.main()
