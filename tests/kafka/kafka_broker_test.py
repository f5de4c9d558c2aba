#!/usr/bin/env python3
"""The Kafka sink against a real broker, read by kcat: kafka_broker_test.py WRITE_WINDOWS

Each record arrives once, unchanged, in the partition where a Java producer puts its key; and nothing is lost or doubled
when the broker is killed in the middle of a window.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import broker as kafka  # noqa: E402

PARTITIONS = 6
HOSTS = "hostscope.hosts"
WINDOWS = "hostscope.windows"
Message = collections.namedtuple("Message", "partition time key value")


def read_topic(broker, topic):
    return [Message(int(line[0]), int(line[1]), line[2], line[3])
            for line in (text.split("\t") for text in kafka.consume(broker, topic, "%p\\t%T\\t%k\\t%s\\n"))]


class WithBroker(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-kafka-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.broker = kafka.Broker(self.folder / "broker", PARTITIONS)
        self.addCleanup(self.broker.kill)
        self.broker.start()

    def write_windows(self, hosts, windows, *properties):
        return subprocess.Popen([write_windows, self.broker.bootstrap, str(hosts), str(windows), self.folder / "ndjson",
                                 *properties], stdout=subprocess.PIPE, text=True)

    def written_lines(self):
        lines = (self.folder / "ndjson").read_text().splitlines()
        return [text for text in lines if '"host":' in text], [text for text in lines if '"summary":' in text]

    def check_hosts_and_windows(self, hosts):
        """Keys are addresses and the observer, and a window's record comes after its hosts'."""
        last = collections.defaultdict(int)
        for message in hosts:
            record = json.loads(message.value)
            self.assertEqual(message.key, record["host"]["ip"])
            last[record["@timestamp"]] = max(last[record["@timestamp"]], message.time)
        windows = read_topic(self.broker, WINDOWS)
        for message in windows:
            record = json.loads(message.value)
            self.assertEqual(message.key, "broker-test")
            self.assertGreaterEqual(message.time, last[record["@timestamp"]])
        return windows


class EveryRecordOnce(WithBroker):
    HOST_COUNT = 20_000

    def test_records_keys_and_partitions(self):
        writer = self.write_windows(self.HOST_COUNT, 1)
        out, _ = writer.communicate(timeout=120)
        self.assertEqual(writer.returncode, 0, out)
        self.assertEqual(json.loads(out.splitlines()[-1]), {"delivered": self.HOST_COUNT + 1, "retried": 0, "rejected": 0,
                                                            "dropped": 0, "windows": 1})
        written_hosts, written_windows = self.written_lines()
        self.assertEqual(len(written_hosts), self.HOST_COUNT)

        hosts = read_topic(self.broker, HOSTS)
        self.assertEqual(sorted(message.value for message in hosts), sorted(written_hosts))
        self.assertEqual(len({json.loads(message.value)["record_id"] for message in hosts}), self.HOST_COUNT)
        self.assertEqual(len({message.key for message in hosts}), self.HOST_COUNT)
        windows = self.check_hosts_and_windows(hosts)
        self.assertEqual([message.value for message in windows], written_windows)

        # The same keys again, by Kafka's own producer: the partitions that Java programs expect.
        self.broker.java("kafka.tools.ConsoleProducer", "--bootstrap-server", self.broker.bootstrap, "--topic", "reference",
                         "--property", "parse.key=true", "--property", "key.separator=\t",
                         stdin="".join(f"{message.key}\tx\n" for message in hosts))
        expected = {message.key: message.partition for message in read_topic(self.broker, "reference")}
        self.assertEqual(len(expected), self.HOST_COUNT)
        self.assertEqual(set(expected.values()), set(range(PARTITIONS)))
        self.assertEqual({message.key: message.partition for message in hosts}, expected)


class BrokerKilled(WithBroker):
    HOST_COUNT = 40_000
    WINDOW_COUNT = 5

    def test_nothing_is_lost_when_the_broker_is_killed_in_mid_window(self):
        # A short queue slows the writer down to some ten thousand records a second.
        writer = self.write_windows(self.HOST_COUNT, self.WINDOW_COUNT, "queue.buffering.max.messages=1000")
        watchdog = threading.Timer(180, writer.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        delivered = 0
        for line in writer.stdout:
            delivered = int(line.split()[1])
            if delivered > self.HOST_COUNT // 2:
                break
        self.broker.kill()
        self.assertLess(delivered, self.HOST_COUNT * self.WINDOW_COUNT)
        time.sleep(2)
        self.assertIsNone(writer.poll(), "the writer should be waiting for the broker")
        self.broker.start()
        out, _ = writer.communicate(timeout=150)
        self.assertEqual(writer.returncode, 0, out)
        status = json.loads(out.splitlines()[-1])
        records = (self.HOST_COUNT + 1) * self.WINDOW_COUNT
        self.assertEqual((status["delivered"], status["rejected"], status["dropped"]), (records, 0, 0))

        written_hosts, written_windows = self.written_lines()
        hosts = read_topic(self.broker, HOSTS)
        once = {json.loads(message.value)["record_id"]: message.value for message in hosts}
        self.assertEqual(sorted(once.values()), sorted(written_hosts))
        windows = self.check_hosts_and_windows(hosts)
        self.assertEqual(sorted({message.value for message in windows}), sorted(written_windows))
        print(f"killed after {delivered} of {records} records; {status['retried']} sent again by us, "
              f"{len(hosts) - len(once)} host records in the log twice")


if __name__ == "__main__":
    write_windows = sys.argv.pop(1)
    try:
        kafka.libraries()
    except kafka.maven.Unavailable as unavailable:
        sys.exit(kafka.maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
