#!/usr/bin/env python3
"""Network records of a replay against the host records of the same replay: replay_networks_test.py HOSTSCOPE"""
import collections
import ipaddress
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

NETWORKS = "10.0.0.0/8,10.0.0.0/20,10.0.1.128/25,2001:db8::/32"
LEVELS = {4: (8, 16, 24), 6: (48, 64, 112)}
DISTINCT = ("peers", "src_ports", "dst_ports")


def run(*arguments):
    return subprocess.run([hostscope, *arguments], capture_output=True, text=True, timeout=60)


def add(total, figures, path=()):
    """Sums of all numbers; of distinct counts also the largest. Means can't be added."""
    for name, value in figures.items():
        if isinstance(value, dict):
            add(total, value, (*path, name))
        elif name != "avg_duration":
            total[(*path, name)] += value
            if name in DISTINCT:
                total[(*path, name, "max")] = max(total[(*path, name, "max")], value)


class NetworkRecords(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-replay-")
        cls.addClassCleanup(scratch.cleanup)
        folder = pathlib.Path(scratch.name)
        cls.capture = str(folder / "flows.pcap")
        cls.config = str(folder / "hostscope.yaml")
        made = run("generate", "--hosts", "2000", "--ipv6-share", "0.3", "--ipv4-network", "10.0.0.0/21", "--records",
                   "20000", "--rate", "1000", "--pcap", cls.capture, "--summary", str(folder / "summary"))
        assert made.returncode == 0, made.stderr
        cls.arguments = ("--networks", NETWORKS, "--windows", "10s,20s", cls.capture)

    def replay(self, *arguments):
        done = run("replay", *arguments, *self.arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def windows(self, lines):
        """(host records, network records, window record), in the order of the output."""
        hosts, networks = [], []
        for record in map(json.loads, lines):
            if "summary" in record:
                yield hosts, networks, record
                hosts, networks = [], []
            elif "network" in record:
                networks.append(record)
            else:
                self.assertFalse(networks, "a host record behind a network record")
                hosts.append(record)
        self.assertFalse(hosts or networks, "records behind the last window record")

    def prefixes_of(self, address):
        monitored = [network for network in map(ipaddress.ip_network, NETWORKS.split(",")) if address in network]
        widest = min(network.prefixlen for network in monitored)
        return set(monitored) | {ipaddress.ip_network((address, level), strict=False)
                                 for level in LEVELS[address.version] if level > widest}

    def check_network(self, record, sums):
        for role in ("sent", "received"):
            want = sums.get(role)
            self.assertEqual(role in record, want is not None)
            if want is None:
                continue
            got = collections.Counter()
            add(got, record[role])
            for path, value in want.items():
                if path[0] not in DISTINCT:
                    self.assertEqual(got[path], value, path)
            for name in DISTINCT:
                # Nothing of these hosts is beyond what is counted exactly, but for the largest networks.
                self.assertGreaterEqual(got[name,] * 1.1, want[name, "max"])
                self.assertLessEqual(got[name,], want[name,] * 1.1)

    def test_they_are_the_sums_of_their_hosts(self):
        lines = self.replay("--ipv6-levels", "48,64,112")
        ids, seen = set(), 0
        for hosts, networks, window in self.windows(lines):
            expected = collections.defaultdict(lambda: {"hosts": 0})
            for host in hosts:
                for prefix in self.prefixes_of(ipaddress.ip_address(host["host"]["ip"])):
                    network = expected[prefix]
                    network["hosts"] += 1
                    for role in ("sent", "received"):
                        if role in host:
                            add(network.setdefault(role, collections.Counter()), host[role])
            prefixes = [ipaddress.ip_network(record["network"]["prefix"]) for record in networks]
            self.assertEqual(prefixes, sorted(expected, key=lambda prefix: (
                prefix.version, int(prefix.broadcast_address), -prefix.prefixlen)))
            self.assertEqual(window["summary"]["networks"], len(networks))
            for prefix, record in zip(prefixes, networks):
                self.assertEqual(record["network"]["hosts"], expected[prefix]["hosts"])
                self.assertEqual(record["network"]["level"], prefix.prefixlen)
                self.assertEqual(record["network"]["monitored"], str(prefix) in NETWORKS.split(","))
                self.assertEqual(record["window"], window["window"])
                self.check_network(record, expected[prefix])
            ids |= {record["record_id"] for record in hosts + networks}
            seen += len(hosts) + len(networks)
        self.assertEqual(len(ids), seen)

    def test_without_being_asked_there_are_none(self):
        plain = self.replay()
        self.assertFalse([line for line in plain if '"network":{' in line or '"networks":' in line])
        with_networks = self.replay("--network-records")
        self.assertEqual([line for line in with_networks if '"host":' in line], [line for line in plain if '"host":' in line])
        self.assertGreater(len(with_networks), len(plain))

    def test_levels_come_from_the_configuration_and_may_be_none(self):
        pathlib.Path(self.config).write_text("network_records: {ipv4: [12], ipv6: []}\n")
        configured = self.replay("-c", self.config, "--network-records")
        levels = {(record["network"]["type"], record["network"]["level"]) for _, networks, _ in self.windows(configured)
                  for record in networks if not record["network"]["monitored"]}
        self.assertEqual(levels, {("ipv4", 12)})
        self.assertNotIn('"network":{', "".join(self.replay("-c", self.config)))
        bare = self.replay("--ipv4-levels", "none", "--ipv6-levels", "none")
        for _, networks, _ in self.windows(bare):
            self.assertTrue(all(record["network"]["monitored"] for record in networks))
            self.assertTrue(networks)

    def test_what_is_wrong_is_said(self):
        for arguments, said in (
                (("--ipv4-levels", "32"), "32 is too large; a whole number from 1 to 31, or none"),
                (("--ipv6-levels", "48,x"), "--ipv6-levels"),
                (("--network-records", "--schema", "stream4flow"), "schema stream4flow has no network records")):
            done = run("replay", *arguments, self.capture)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stdout + done.stderr)
        pathlib.Path(self.config).write_text("network_records:\n  ipv4: [8, 33]\n  ipv6: [48, 48]\n")
        done = run("check", "-c", self.config)
        self.assertEqual(done.returncode, 1)
        said = done.stdout + done.stderr
        self.assertIn(":2: network_records.ipv4[1]: 33 is too large; a whole number from 1 to 31", said)
        self.assertIn(":3: network_records.ipv6[1]: '48' is there twice; each once", said)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    unittest.main(verbosity=2)
