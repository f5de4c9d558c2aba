#!/usr/bin/env python3
"""Three appliances, Kafka and Spark make what one appliance makes that sees everything: fleet_test.py HOSTSCOPE

Exporters are dealt out unevenly. One appliance is stopped and started again in mid window, and sends a window again; one
is late by two windows. Spark is killed, and started again from its checkpoint. What comes out is compared text by text.
That appliances' own client puts a host where merged records of it are is in tests/kafka/kafka_broker_test.py.
"""
import collections
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "kafka"), str(HERE.parent / "elastic")]
import broker as kafka  # noqa: E402
import maven  # noqa: E402
import search_server  # noqa: E402
import spark  # noqa: E402
from captures import Capture  # noqa: E402

WINDOW = 10
WINDOWS = 8
LATE_BY = 2
STOPPED_AT = 34.2  # seconds into the stream, in the fourth window
PARTITIONS = 3
BATCH_SECONDS = 120  # on a busy machine
APPLIANCES = {"left": {1, 2, 3}, "middle": {4, 5}, "right": {6}}  # their exporters, by the last octet of the address
HOSTS, WINDOW_RECORDS, MERGED = "hostscope.hosts", "hostscope.windows", "hostscope.fleet.hosts"


def window_of(record):
    start = datetime.datetime.fromisoformat(record["window"]["start"].replace("Z", "+00:00"))
    return int(start.timestamp()) // WINDOW


def murmur2(key):
    """The partitioner of Kafka's Java clients, written anew from its description."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    for at in range(0, len(key) & ~3, 4):
        k = int.from_bytes(key[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    rest = key[len(key) & ~3:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7FFFFFFF


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-fleet-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.broker = kafka.Broker(cls.folder / "broker", PARTITIONS)
        cls.addClassCleanup(cls.broker.kill)
        cls.broker.start()
        cls.log = cls.folder / "spark.log"
        cls.make_records()

    # ---- Records -----------------------------------------------------------------------------------------------------

    @classmethod
    def make_records(cls):
        path = cls.folder / "all.pcap"
        subprocess.run([hostscope, "generate", "--pcap", path, "--hosts", "1500", "--records", str(1000 * WINDOW * WINDOWS),
                        "--rate", "1000", "--exporters", "6", "--ipv6-share", "0.2", "--template-interval", "1s", "--summary",
                        cls.folder / "summary"], check=True)
        cls.capture = Capture(path)
        cls.first = int(cls.capture.start) // WINDOW
        cls.single, _ = cls.replay("fleet", path)
        cls.parts = {}
        for name, exporters in APPLIANCES.items():
            if name != "middle":
                cls.parts[name] = cls.observe(name, lambda _, source, own=exporters: source in own)
        own = APPLIANCES["middle"]
        before = cls.observe("middle", lambda at, source: source in own and at < STOPPED_AT)
        after = cls.observe("middle", lambda at, source: source in own and at >= STOPPED_AT)
        cut = max(before[0])
        cls.cut = cut
        # As `run` marks what it ends in mid window.
        before[0][cut] = [text.replace('},"observer"', '},"partial":true,"observer"', 1) for text in before[0][cut]]
        hosts = collections.defaultdict(list)
        for part in (before, after):
            for window, texts in part[0].items():
                hosts[window] += texts
        hosts[cut] = hosts[cut - 1] + hosts[cut]  # and sends what it does not know to be delivered
        windows = {**before[1], **after[1]}
        cls.parts["middle"] = hosts, windows

    @classmethod
    def observe(cls, name, wanted):
        return cls.replay(name, cls.capture.write(cls.folder / f"{name}.pcap", wanted))

    @classmethod
    def replay(cls, observer, capture):
        """What the observer says of the capture: host records and window records, by window."""
        config = cls.folder / "hostscope.yaml"
        config.write_text(f"observer:\n  name: {observer}\nwindows: [{WINDOW}s]\nnetwork_records:\n  enabled: false\n")
        done = subprocess.run([hostscope, "replay", "-c", config, "--sketches", "--hold-data", capture], stdout=subprocess.PIPE,
                              text=True, check=True)
        hosts, windows = collections.defaultdict(list), collections.defaultdict(list)
        for text in done.stdout.splitlines():
            record = json.loads(text)
            (hosts if "host" in record else windows)[window_of(record)].append(text)
        return hosts, windows

    def produce(self, topic, texts):
        """As an appliance's sink: keyed by the address."""
        keyed = []
        for text in texts:
            record = json.loads(text)
            host = record.get("host", {})
            keyed.append(f"{host.get('ip', host.get('network', 'appliance'))}\t{text}\n")
        subprocess.run(["kcat", "-P", "-b", self.broker.bootstrap, "-t", topic, "-K", "\t", "-X", "partitioner=murmur2_random"],
                       input="".join(keyed), text=True, check=True, timeout=60)

    def produce_windows(self, first, last):
        """What comes into Kafka while the windows first to last end: `right` is two windows behind."""
        for window in range(self.first + first, self.first + last):
            for name, (hosts, windows) in self.parts.items():
                theirs = window - LATE_BY if name == "right" else window
                self.produce(HOSTS, hosts.get(theirs, []))
                self.produce(WINDOW_RECORDS, windows.get(theirs, []))

    # ---- Spark -------------------------------------------------------------------------------------------------------

    def configure(self, **more):
        settings = {"brokers": self.broker.bootstrap, "checkpoint": self.folder / "checkpoint", "lateness": "25s",
                    "trigger": "0s", "input.batch": "12000", "spark.sql.shuffle.partitions": 1, **more}
        path = self.folder / "fleet.properties"
        path.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        return path

    def start(self, what, **more):
        process = spark.start(classes, "hostscope.fleet.Fleet", what, self.configure(**more), log=self.log)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def next_batch(self, process):
        """What the program says of the next micro-batch that had something."""
        watchdog = threading.Timer(BATCH_SECONDS, process.kill)
        watchdog.start()
        for line in process.stdout:
            if line.startswith("merge: batch"):
                watchdog.cancel()
                print(line, end="")
                return line
        watchdog.cancel()
        return self.fail(f"no micro-batch within {BATCH_SECONDS} s\n{self.log.read_text()[-5000:]}")

    def finish(self, process):
        lines, _ = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, lines + self.log.read_text()[-5000:])
        return lines

    def merged(self):
        """Each record of the merged topic once, by its id."""
        records = {}
        repeated = 0
        for line in kafka.consume(self.broker, MERGED, "%p\\t%k\\t%h\\t%s\\n"):
            partition, key, headers, text = line.split("\t", 3)
            record = json.loads(text)
            identity = record["record_id"]
            repeated += identity in records
            # What makes repeats harmless: the same id is the same record, byte for byte.
            self.assertEqual(records.setdefault(identity, text), text)
            self.assertIn(f"record_id={identity}", headers)
            self.assertEqual(key, record["host"]["ip"])
            self.assertEqual(int(partition), murmur2(key.encode()) % PARTITIONS, key)
        return records, repeated

    # ---- Tests -------------------------------------------------------------------------------------------------------

    def test_1_merged_records_are_those_of_one_appliance(self):
        half = WINDOWS // 2 + 1
        self.produce_windows(0, half)
        process = self.start("merge")
        self.next_batch(process)
        self.produce_windows(half, WINDOWS + LATE_BY)
        # One that is later than allowed, and two that are none.
        stale = json.loads(self.single[self.first][0])
        stale["host"]["ip"] = "192.0.2.1"
        self.produce(HOSTS, [json.dumps(stale), '{"host":{"ip":"192.0.2.2"}}', "{}"])
        # And one whose sketches are damaged: cut short, and of a coupon that can't be.
        damaged = json.loads(next(text for text in self.single[self.first + WINDOWS - 1] if '"sent"' in text))
        damaged["host"]["ip"] = "192.0.2.3"
        damaged["sent"]["sketches"].update(peers=damaged["sent"]["sketches"]["peers"][:-4], src_ports="AgEHDAMIAQgAAAAA")
        self.produce(HOSTS, [json.dumps(damaged)])
        # Killed while it has more to do: input.batch is less than there is.
        self.next_batch(process)
        process.kill()
        process.wait()
        # As if that had been before Spark noted what it had written.
        commits = self.folder / "checkpoint" / "merge" / "commits"
        newest = max(int(path.name) for path in commits.iterdir() if path.name.isdigit())
        self.assertGreaterEqual(newest, 1)
        for name in (str(newest), f".{newest}.crc"):
            (commits / name).unlink()
        # Nothing more comes but window records, of appliances whose hosts are silent.
        (last,) = self.parts["left"][1][self.first + WINDOWS - 1]
        end = datetime.datetime.fromtimestamp((self.first + WINDOWS + 6) * WINDOW, datetime.timezone.utc)
        beat = json.loads(last)
        beat["window"]["end"] = end.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        self.produce(WINDOW_RECORDS, [json.dumps(beat)])
        process = self.start("merge")
        lines = []
        while not lines or "held 0," not in lines[-1]:
            lines.append(self.next_batch(process))
        process.kill()
        process.wait()

        records, repeated = self.merged()
        (identity,) = (identity for identity, text in records.items() if '"192.0.2.3"' in text)
        left = json.loads(records.pop(identity))["sent"]
        self.assertEqual({name: left[name] for name in ("flows", "peers", "src_ports", "dst_ports")},
                         {name: damaged["sent"][name] for name in ("flows", "peers", "src_ports", "dst_ports")})
        self.assertEqual(left["sketches"].keys(), damaged["sent"]["sketches"].keys() - {"peers", "src_ports"})
        expected = {json.loads(text)["record_id"]: text for texts in self.single.values() for text in texts}
        self.assertGreater(len(expected), WINDOWS * 1000)
        self.assertEqual(records.keys(), expected.keys())
        marked = {json.loads(text)["host"]["ip"] for text in self.parts["middle"][0][self.cut] if '"partial":true' in text}
        dense = 0
        for identity, text in records.items():
            record = json.loads(text)
            is_marked = window_of(record) == self.cut and record["host"]["ip"] in marked
            self.assertEqual(text.replace(',"partial":true', ""), expected[identity])
            self.assertEqual("partial" in record, is_marked)
            dense += sum(record[role][figure] > 384 for role in ("sent", "received") if role in record
                         for figure in ("peers", "src_ports", "dst_ports"))
        self.assertGreater(len(marked), 100)
        self.assertGreater(dense, 20)
        self.assertGreater(repeated, 1000)
        self.assertEqual(sum(int(count) for line in lines for count in re.findall(r"too late (\d+)", line)), 1, lines)
        print(f"{len(records)} merged records, {dense} distinct counts beyond coupons, {repeated} sent again by Spark")

    def test_2_indexed_once(self):
        records, _ = self.merged()
        with search_server.SearchServer(self.folder / "search", heap="512m") as server:
            server.ask("PUT", "/_index_template/hostscope-fleet-10s", {
                "index_patterns": ["hostscope-fleet-hosts-10s"], "data_stream": {}, "priority": 300,
                "template": {"settings": {"number_of_replicas": 0},
                             "mappings": {"dynamic": False, "properties": {"@timestamp": {"type": "date"},
                                                                           "host": {"properties": {"ip": {"type": "ip"}}}}}}})
            for checkpoint in ("first", "again"):
                self.finish(self.start("index", **{"trigger": "once", "elasticsearch.urls": server.url, "checkpoint": self.folder / checkpoint}))
            documents = server.documents("hostscope-fleet-hosts-10s")
        self.assertEqual(documents.keys(), records.keys())
        for identity, document in documents.items():
            record = json.loads(records[identity])
            record["host"]["network"] = {"prefix": record["host"]["network"]}
            for role in ("sent", "received"):
                record.get(role, {}).pop("sketches", None)
            self.assertEqual(document, record)


class Configuration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-fleet-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)

    def check(self, path):
        done = subprocess.run(spark.command(classes, "hostscope.fleet.Fleet", "check", path), capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stderr

    def test_the_example_is_sound_and_every_default_in_it_true(self):
        example = spark.ROOT / "conf" / "fleet.properties"
        self.assertEqual(self.check(example), (0, ""))
        source = (spark.PROJECT / "src" / "hostscope" / "fleet" / "Settings.java").read_text()
        defaults = dict(re.findall(r'Map\.entry\("([^"]+)", "([^"]*)"\)', source))
        shown = dict(re.split(r" *= *", line, maxsplit=1) for line in example.read_text().splitlines()
                     if line and not line.startswith("#"))
        self.assertGreater(len(defaults), 10)
        self.assertEqual({name: shown.get(name) for name in defaults}, defaults)
        self.assertEqual(shown.keys() - defaults.keys(), {"brokers", "checkpoint"})

    def test_every_problem_is_named_with_its_line(self):
        path = self.folder / "wrong.properties"
        path.write_text("brokers = here:9092\nlatenes = 1m\nlateness = soon\ninput.from = now\nnothing\n"
                        "observer = a\nobserver = b\noutput.topic = hostscope.hosts\n")
        status, errors = self.check(path)
        self.assertEqual(status, 1)
        for expected in (":2: latenes: is unknown; known are ", ":3: lateness: soon is no duration; a duration such as ",
                         ":4: input.from: now is not one of them; earliest, latest", ":5: nothing: is no setting; name = value is",
                         ":7: observer: is there twice; first in line 6", ":8: output.topic: hostscope.hosts is no topic of its own; ",
                         ": checkpoint: is missing; it has no default"):
            self.assertIn(f"{path}{expected}", errors)
        self.assertEqual(len(errors.splitlines()), 7)


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    try:
        kafka.libraries()
        search_server.libraries()
        spark.libraries()
    except maven.Unavailable as unavailable:
        sys.exit(maven.skip_or_fail(str(unavailable)))
    with tempfile.TemporaryDirectory(prefix="hostscope-fleet-") as classes:
        spark.compile_java(classes)
        unittest.main(verbosity=2)
