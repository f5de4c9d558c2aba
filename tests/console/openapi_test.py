#!/usr/bin/env python3
"""The API against its description: openapi_test.py HOSTSCOPE

Runs the appliance on DPDK's capture device, asks every path of docs/openapi.yaml in many ways, and holds each answer
against the schema that it should have, which allows nothing beyond it. Needs neither root nor a NIC.
"""
import datetime
import json
import pathlib
import signal
import struct
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "exporters")]
import network  # noqa: E402
from appliance import Appliance  # noqa: E402

try:
    import jsonschema
    import yaml
except ImportError as error:
    sys.exit(network.skip_or_fail(f"not on this machine: {error.name} for Python"))

PCAPNG_STATISTICS = 5  # the interface statistics block
DESCRIPTION = yaml.safe_load((HERE.parents[1] / "docs" / "openapi.yaml").read_text())
class OpenApi(unittest.TestCase):
    MORE = ""
    HISTORY = "memory"

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="hostscope-openapi-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.appliance = Appliance(hostscope, cls.scratch.name, cls.MORE.format(folder=cls.scratch.name))
        cls.addClassCleanup(cls.appliance.stop)
        cls.hosts = [each for each in cls.appliance.records if "host" in each and each["window"]["seconds"] == 0.5]
        cls.busiest = max(cls.hosts, key=lambda each: each.get("sent", {}).get("flows", 0))
        cls.start = cls.busiest["window"]["start"]

    def ask(self, path, status=200, **parameters):
        """The answer, after it was held against the description."""
        connection, answer = self.appliance.ask(path, **parameters)
        body = answer.read()
        connection.close()
        self.assertEqual(answer.status, status, body)
        said = json.loads(body)
        described = DESCRIPTION["paths"][path]["get"]["responses"][str(status)]
        if "$ref" in described:
            described = DESCRIPTION["components"]["responses"][described["$ref"].split("/")[-1]]
        self.assertEqual(answer.getheader("Content-Type"), "application/json")
        schema = {**described["content"]["application/json"]["schema"], "components": DESCRIPTION["components"]}
        jsonschema.Draft202012Validator(schema).validate(said)
        known = {self.resolve(each)["name"] for each in DESCRIPTION["paths"][path]["get"].get("parameters", [])}
        if status == 200:
            self.assertLessEqual(set(parameters), known)
        return said

    @staticmethod
    def resolve(parameter):
        return DESCRIPTION["components"]["parameters"][parameter["$ref"].split("/")[-1]] if "$ref" in parameter else parameter

    def test_every_path_is_asked(self):
        with open(__file__) as source:
            text = source.read()
        for path in DESCRIPTION["paths"]:
            self.assertIn(f'ask("{path}"', text)
        # And one that is not described is not there.
        _, answer = self.appliance.ask("/nothing")
        self.assertEqual(answer.status, 404)

    def test_status(self):
        status = self.ask("/status")
        self.assertEqual(status["history"], self.HISTORY)
        self.assertEqual([each["seconds"] for each in status["lengths"]], [0.5, 1])
        self.assertEqual(status["networks"], ["0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32"])

    def test_windows_are_those_of_the_sink(self):
        said = self.ask("/windows", seconds=0.5, start=self.start)["records"]
        written = [each for each in self.appliance.records
                   if "summary" in each and each["window"] == self.busiest["window"]]
        self.assertEqual(said, written)

    def test_tile(self):
        tile = self.ask("/tile", prefix="10.0.0.0/8", depth=16, metrics="flows,bytes,hosts,peers,avg_duration,syn_share",
                        seconds=0.5, start=self.start)
        of_window = [each for each in self.hosts if each["window"]["start"] == self.start and "sent" in each
                     and ":" not in each["host"]["ip"]]
        cells = {}
        for each in of_window:
            octets = [int(octet) for octet in each["host"]["ip"].split(".")]
            cells.setdefault(octets[1] * 256 + octets[2], []).append(each["sent"])
        self.assertEqual(tile["cells"], sorted(cells))
        for i, cell in enumerate(tile["cells"]):
            self.assertEqual(tile["values"]["flows"][i], sum(each["flows"] for each in cells[cell]))
            self.assertEqual(tile["values"]["bytes"][i], sum(each["bytes"] for each in cells[cell]))
            self.assertEqual(tile["values"]["hosts"][i], len(cells[cell]))
            self.assertEqual(tile["values"]["peers"][i], max(each["peers"] for each in cells[cell]))
        self.ask("/tile", seconds=1, role="received")
        self.ask("/tile", prefix="2001:db8::/32", seconds=0.5, **{"from": 0, "to": "2100-01-01T00:00:00Z"})

    def test_series(self):
        ip = self.busiest["host"]["ip"]
        said = self.ask("/series", host=ip, seconds=0.5, **{"from": 0, "to": "2100-01-01T00:00:00Z"})
        written = [each for each in self.hosts if each["host"]["ip"] == ip]
        self.assertEqual(said["records"][:len(written)], written)
        self.assertIn(self.start, said["windows"])
        self.assertEqual(self.ask("/series", prefix="10.0.0.0/8", seconds=0.5, start=self.start)["distinct"], "union")
        self.assertEqual(self.ask("/series", prefix="10.0.0.0/9", seconds=0.5, start=self.start)["distinct"], "largest host")

    def test_anomalies(self):
        said = self.ask("/anomalies", seconds=0.5, state="open", kind="fan_out", prefix="10.0.0.0/8", n=10)
        self.assertEqual(said["records"], [], "there are no profiles")
        self.ask("/anomalies", seconds=0.5, host=self.busiest["host"]["ip"], **{"from": 0, "to": "2100-01-01T00:00:00Z"})
        self.assertIn("one of volume, fan_out", self.ask("/anomalies", 400, seconds=0.5, kind="odd")["error"]["message"])
        self.ask("/anomalies", 400, seconds=0.5, state="half")

    def test_capture(self):
        connection, answer = self.appliance.ask("/capture", exporter="192.0.2.0/24", seconds=1, snap=100)
        self.addCleanup(connection.close)
        self.assertEqual(answer.status, 200)
        self.assertEqual([answer.getheader("Content-Type")], list(DESCRIPTION["paths"]["/capture"]["get"]["responses"]["200"]["content"]))
        self.ask("/capture", 409, frames=1)
        blocks = answer.read()
        self.assertEqual(blocks[:4], b"\x0a\x0d\x0d\x0a")
        self.assertEqual(sum(1 for kind in self.pcapng_blocks(blocks) if kind == PCAPNG_STATISTICS), 1, "it did not end")
        for name in ("exporter", "seconds", "frames", "snap"):
            self.assertIn(name, self.ask("/capture", 400, **{name: "-"})["error"]["message"])

    @staticmethod
    def pcapng_blocks(data):
        """The type of each."""
        at = 0
        while at < len(data):
            kind, length = struct.unpack_from("=II", data, at)
            yield kind
            at += length

    def test_top(self):
        said = self.ask("/top", seconds=0.5, start=self.start, by="bytes", n=10)["records"]
        written = sorted((each for each in self.hosts if each["window"]["start"] == self.start and "sent" in each),
                         key=lambda each: -each["sent"]["bytes"])
        self.assertEqual([each["sent"]["bytes"] for each in said], [each["sent"]["bytes"] for each in written[:10]])
        self.assertEqual(said[0], written[0])
        for each in self.ask("/top", seconds=1, prefix="2001:db8::/32", role="received", by="dst_ports")["records"]:
            self.assertIn(":", each["host"]["ip"])

    def test_networks(self):
        said = self.ask("/networks", seconds=0.5, start=self.start)["records"]
        written = [each for each in self.appliance.records if each["window"] == self.busiest["window"]
                   and each.get("network", {}).get("monitored") and "sent" in each]
        key = lambda each: each["network"]["prefix"]  # noqa: E731
        self.assertEqual(sorted(said, key=key), sorted(written, key=key))
        self.ask("/networks", seconds=0.5, level=24, within="10.0.0.0/8", by="hosts", n=5)

    def test_search(self):
        ip = self.busiest["host"]["ip"]
        self.assertEqual(self.ask("/search", q=ip)["host"], ip)
        self.assertEqual(self.ask("/search", q="10.0")["prefix"], "10.0.0.0/16")
        self.assertEqual(self.ask("/search", q="192.0.2.1")["network"], "0.0.0.0/0")

    def test_what_an_appliance_without_context_says(self):
        self.assertEqual(self.ask("/context"), {"attributes": []})
        self.assertEqual(self.ask("/context", host="10.0.0.1"), {"host": "10.0.0.1", "context": {}})
        self.ask("/context", 400, host="10.0.0.1", attribute="name")
        self.ask("/context", 400, host="nonsense")
        self.ask("/tile", 400, seconds=0.5, attributes="a,b,c,d,e")

    def test_stats(self):
        # Workers write down how they fare, and of whom they know, once a second.
        network.wait_for(lambda: self.ask("/stats")["workers"]["0"]["longest_loop_ever_seconds"] > 0, "a worker's figures", 20)
        stats = self.ask("/stats")
        self.assertEqual(stats["records"]["counted"], 3000)
        worker = stats["workers"]["0"]
        self.assertLessEqual(worker["busy_ratio"], 1)
        memory = stats["memory"]
        self.assertGreater(memory["resident"], 1 << 20)
        self.assertGreater(memory["dpdk"]["used"], memory["pools"]["net_pcap0,rx_pcap=%s/in.pcap" % self.scratch.name]["bytes"])
        self.assertLessEqual(memory["dpdk"]["used"], memory["dpdk"]["reserved"])
        self.assertEqual(memory["tables"]["hosts_of_each"], 10000)
        self.assertLess(memory["tables"]["free"], memory["tables"]["all"])
        self.assertEqual(memory["sketches"]["bytes_of_each_table"], 1 << 20)

    def test_exporters(self):
        network.wait_for(lambda: self.ask("/exporters")["rows"], "an exporter", 20)
        said = self.ask("/exporters")
        self.assertEqual(said["exporters"], 1)
        [row] = said["rows"]
        stats = self.ask("/stats")
        self.assertEqual(row["datagrams"]["received"], stats["datagrams"]["received"])
        self.assertEqual(row["records"]["counted"], 3000)
        self.assertEqual(row["versions"], [10])
        self.assertEqual(row["templates"]["known"], stats["templates"]["learned"])
        self.assertIsNotNone(row["templates"]["last_received"])
        self.assertEqual(row["sequence"]["lost"], 0)
        self.assertEqual(row["sampling"], {"applied": [1], "announced": [1], "origins": ["announced"]})
        # When it was sent by its own clock, which is that of the capture: that begins with 2026.
        received = datetime.datetime.fromisoformat(row["last_received"])
        sent = received + datetime.timedelta(seconds=row["clock_offset_seconds"])
        start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        self.assertLess(abs(sent - start), datetime.timedelta(minutes=1))
        self.assertEqual(self.ask("/exporters", per="domain")["rows"], [row])
        self.assertEqual(self.ask("/exporters", prefix="255.0.0.0/8", n=5)["rows"], [])

    def test_errors(self):
        for path, status, parameters in (
                ("/tile", 400, {}), ("/tile", 400, {"seconds": "x"}), ("/tile", 404, {"seconds": 7}),
                ("/tile", 422, {"seconds": 0.5, "depth": 17}), ("/top", 422, {"seconds": 0.5, "n": 5000}),
                ("/series", 400, {"seconds": 0.5}), ("/networks", 400, {"seconds": 0.5, "by": "x"}),
                ("/windows", 404, {"seconds": 0.5, "start": 0}), ("/search", 400, {"q": "nonsense"}),
                ("/exporters", 400, {"per": "x"}), ("/exporters", 400, {"n": 1001})):
            self.ask(path, status, **parameters)

    def test_the_newest_is_asked_again_each_time(self):
        connection, answer = self.appliance.ask("/tile", seconds=0.5)
        answer.read()
        self.assertEqual(answer.getheader("Cache-Control"), "no-cache")
        connection.request("GET", "/api/v1/tile?seconds=0.5", headers={"If-None-Match": answer.getheader("ETag")})
        self.assertEqual(connection.getresponse().status, 304)
        connection.close()


class OpenApiWithStore(OpenApi):
    MORE = """store: {{path: {folder}/store}}
profiles: {{enabled: yes, window: 1s, hosts: 2000, interval: 1s}}
state: {{path: {folder}/state}}
"""
    HISTORY = "store"

    def test_profiles_are_kept(self):
        self.assertEqual(self.ask("/status")["profiles"], {"seconds": 1})
        stats = self.ask("/stats")["profiles"]
        seen = {each["host"]["ip"] for each in self.appliance.records
                if each["window"]["seconds"] == 1 and "host" in each and "partial" not in each}
        self.assertGreater(len(seen), 100)
        self.assertEqual(stats["held"], len(seen))
        self.assertGreaterEqual(stats["windows"]["compared"], 1)
        self.assertEqual(stats["windows"]["passed_on"], 0)
        self.assertEqual(sum(stats["events"].values()), 0, "it is not warm yet")
        file = pathlib.Path(self.scratch.name) / "state" / "profiles"
        network.wait_for(file.exists, "the file of profiles")
        self.assertEqual(file.read_bytes()[:8], b"HOSTPROF")


class OpenApiWithContext(OpenApi):
    MORE = "context: {{files: [{folder}/hosts.json]}}\n"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="hostscope-openapi-")
        cls.addClassCleanup(folder.cleanup)
        cls.MORE = OpenApiWithContext.MORE.replace("{folder}", folder.name)
        (pathlib.Path(folder.name) / "hosts.json").write_text(json.dumps([
            {"prefix": "10.0.0.0/8", "switch": "sw \"1\"", "name": "ten"}, {"prefix": "10.128.0.0/9", "switch": "sw2"},
            {"prefix": "2001:db8::/32", "switch": "sw2", "name": "Six"}]))
        super().setUpClass()

    def test_what_an_appliance_without_context_says(self):
        pass

    def test_context(self):
        said = self.ask("/context")["attributes"]
        self.assertEqual(said, [{"name": "name", "entries": 2}, {"name": "switch", "entries": 3}])
        self.assertEqual(self.ask("/context", attribute="switch", n=1),
                         {"attribute": "switch", "values": [{"value": "sw2", "entries": 2}], "others": 1})
        self.assertEqual(self.ask("/context", host="10.200.0.1")["context"], {"name": "ten", "switch": "sw2"})
        self.assertEqual(self.ask("/context", host="192.0.2.1")["context"], {})
        ip = self.busiest["host"]["ip"]
        name = "Six" if ":" in ip else "ten"
        self.assertEqual(self.ask("/series", host=ip, seconds=0.5, start=self.start)["context"]["name"], name)
        self.assertEqual(self.ask("/search", q=ip)["context"]["name"], name)
        top = self.ask("/top", seconds=0.5, start=self.start, n=50)
        self.assertEqual(top["names"], {each["host"]["ip"]: "Six" if ":" in each["host"]["ip"] else "ten"
                                        for each in top["records"]})

    def test_names_are_found(self):
        self.assertEqual(self.ask("/search", q="sIX")["found"], [{"prefix": "2001:db8::/32", "name": "Six"}])

    def test_cells_have_attributes(self):
        tile = self.ask("/tile", prefix="10.0.0.0/8", depth=8, seconds=0.5, start=self.start, attributes="switch,no")
        self.assertEqual(tile["attributes"]["switch"], ["sw2" if cell >= 128 else 'sw "1"' for cell in tile["cells"]])
        self.assertEqual(set(tile["attributes"]["no"]), {None})
        # Most that are in it, of equal ones the first; nothing is around it.
        tile = self.ask("/tile", prefix="0.0.0.0/0", depth=4, seconds=0.5, start=self.start, attributes="switch")
        self.assertEqual(tile["attributes"]["switch"][tile["cells"].index(0)], 'sw "1"')

    def test_errors(self):
        self.ask("/search", 404, q="nonsense")


class Events(unittest.TestCase):
    """Of an appliance that everything comes to at once, at its start."""

    LENGTHS = (2, 4)

    def test_windows_are_told_when_they_close(self):
        with tempfile.TemporaryDirectory(prefix="hostscope-openapi-") as folder:
            # Not close to an edge, so that who listens is there before it.
            time.sleep(self.LENGTHS[-1] - time.time() % self.LENGTHS[-1])
            appliance = Appliance(hostscope, folder, windows="[2s, 4s]", is_waiting=False)
            self.addCleanup(appliance.stop)
            connection, answer = appliance.ask("/events", accept="text/event-stream")
            self.addCleanup(connection.close)
            self.assertEqual(answer.getheader("Content-Type").split(";")[0], "text/event-stream")
            schema = {"$ref": "#/components/schemas/WindowRecord", "components": DESCRIPTION["components"]}
            told = {}
            event = ""
            while set(told) != set(self.LENGTHS):  # a timeout of the connection ends it
                line = answer.readline().decode().rstrip()
                event = line[7:] if line.startswith("event: ") else event
                if not line.startswith("data: "):
                    continue
                self.assertEqual(event, "window")
                record = json.loads(line[6:])
                jsonschema.Draft202012Validator(schema).validate(record)
                told[record["window"]["seconds"]] = told.get(record["window"]["seconds"], 0) + record["summary"]["flows"]
                # Whoever hears of a window can read it.
                _, tile = appliance.ask("/tile", seconds=record["window"]["seconds"], start=record["window"]["start"])
                self.assertEqual(tile.status, 200)
            self.assertGreater(min(told.values()), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    hostscope = sys.argv.pop(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2)
