#!/usr/bin/env python3
"""Our commands on DPDK's telemetry socket: telemetry_test.py HOSTSCOPE"""
import json
import os
import socket
import sys
import tempfile
import unittest

from appliance import Appliance

RECORDS = 20_000
EXPORTERS = 12


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.size = json.loads(self.socket.recv(1024))["max_output_len"]

    def ask(self, command):
        self.socket.send(command.encode())
        (answer,) = json.loads(self.socket.recv(self.size)).values()
        return answer


class Telemetry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="hs-")
        cls.addClassCleanup(folder.cleanup)
        cls.appliance = Appliance(hostscope, RECORDS, EXPORTERS, dpdk=", telemetry: yes",
                                  environment=os.environ | {"RUNTIME_DIRECTORY": folder.name})
        cls.addClassCleanup(cls.appliance.close)
        cls.appliance.scrape_when(lambda families: families["hostscope_records_seen_total"].value() == RECORDS)
        paths = [os.path.join(path, name) for path, _, names in os.walk(folder.name) for name in names
                 if name.startswith("dpdk_telemetry.v2")]
        assert len(paths) == 1, paths
        cls.client = Client(paths[0])
        cls.addClassCleanup(cls.client.socket.close)

    def test_commands_are_listed(self):
        commands = self.client.ask("/")
        for name in ("stats", "ports", "workers", "exporters"):
            self.assertIn("/hostscope/" + name, commands)
            self.assertTrue(self.client.ask(f"/help,/hostscope/{name}"))

    def test_stats_are_the_accounting(self):
        answer, stats = self.client.ask("/hostscope/stats"), self.appliance.stats()
        self.assertEqual(answer["datagrams_received"], stats["datagrams"]["received"])
        self.assertEqual(answer["datagrams_decoded"], stats["datagrams"]["decoded"])
        self.assertEqual(answer["datagrams_dropped"], stats["datagrams"]["dropped"])
        self.assertEqual(answer["records_seen"], RECORDS)
        self.assertEqual(answer["records_counted"], stats["records"]["counted"])
        self.assertEqual(answer["records_skipped"], stats["records"]["skipped"])

    def test_ports(self):
        (port,) = self.client.ask("/hostscope/ports").values()
        (said,) = self.appliance.stats()["ports"].values()
        self.assertEqual({name: port[name] for name in said["frames"]}, said["frames"])
        self.assertEqual((port["link_up"], port["link_changes"], port["mtu"]), (1, 0, 1500))
        self.assertTrue(port["driver"])

    def test_workers(self):
        answer, stats = self.client.ask("/hostscope/workers"), self.appliance.stats()
        self.assertEqual(sorted(answer), [str(i) for i in range(len(answer))])
        self.assertEqual(sum(worker["flows"] for worker in answer.values()), stats["records"]["counted"])
        self.assertEqual(sum(worker["exporters"] for worker in answer.values()), EXPORTERS)
        self.assertLessEqual(max(worker["busy_permille"] for worker in answer.values()), 1000)

    def test_exporters(self):
        answer = self.client.ask("/hostscope/exporters")
        exporters = [answer[str(rank + 1)] for rank in range(len(answer))]
        self.assertEqual(len({exporter["address"] for exporter in exporters}), EXPORTERS)
        self.assertEqual(sum(exporter["records_seen"] for exporter in exporters), RECORDS)
        received = [exporter["datagrams_received"] for exporter in exporters]
        self.assertEqual(received, sorted(received, reverse=True))
        self.assertEqual(len(self.client.ask("/hostscope/exporters,3")), 3)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    unittest.main()
