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
import old_consumers  # noqa: E402

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
        self.broker = kafka.Broker(self.folder / "broker", PARTITIONS, password=getattr(self, "PASSWORD", None))
        self.addCleanup(self.broker.kill)
        self.broker.start()

    def write_windows(self, hosts, windows, *properties, broker=None, stderr=None):
        return subprocess.Popen([write_windows, broker or self.broker.bootstrap, str(hosts), str(windows),
                                 self.folder / "ndjson", *properties], stdout=subprocess.PIPE, stderr=stderr, text=True)

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


class HeadersOfMessages(WithBroker):
    def test_any_consumer_reads_them(self):
        writer = self.write_windows(100, 2)
        out, _ = writer.communicate(timeout=120)
        self.assertEqual(writer.returncode, 0, out)
        for text in kafka.consume(self.broker, HOSTS, "%h\\t%s\\n"):
            headers, value = text.split("\t")
            record = json.loads(value)
            self.assertEqual(headers, f"schema=hostscope,observer=broker-test,window_start={record['window']['start']},"
                                      f"window_seconds=10,record_id={record['record_id']}")
        headers = [line.split("\t")[0] for line in kafka.consume(self.broker, WINDOWS, "%h\\t%s\\n")]
        self.assertEqual(sorted(headers),
                         [f"schema=hostscope,observer=broker-test,window_start=2026-11-23T21:00:{second}.000Z,"
                          "window_seconds=10" for second in (10, 20)])


class OldConsumers(WithBroker):
    def test_the_consumer_of_host_statistics_reads_what_we_send(self):
        writer = self.write_windows(5_000, 2, "schema=stream4flow")
        out, _ = writer.communicate(timeout=120)
        self.assertEqual(writer.returncode, 0, out)
        expected = []
        for text in self.written_lines()[0]:
            record = json.loads(text)
            if "sent" not in record or "ip" not in record["host"]:
                continue
            sent = record["sent"]
            expected.append((record["host"]["ip"], {
                "flows": sent["flows"], "packets": sent["packets"], "bytes": sent["bytes"], "dst_ports": sent["dst_ports"],
                "peers": sent["peers"], "avg_duration": sent.get("avg_duration"),
                "tcp_flags": [sent["tcp_flags"][name] for name in ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")]}))
        self.assertGreater(len(expected), 1_000)
        found = [old_consumers.read_host_stats(message.value) for message in read_topic(self.broker, HOSTS)]
        self.assertEqual(sorted(found, key=repr), sorted(expected, key=repr))
        self.assertEqual(read_topic(self.broker, WINDOWS), [], "it has no other records")


class TlsAndSasl(WithBroker):
    PASSWORD = "correct-horse"

    def secure(self, mechanism, password, *more, stderr=None):
        secret = self.folder / "password"
        secret.write_text(password + "\n")
        return self.write_windows(100, 1, "security.protocol=sasl_ssl", f"ssl.ca.location={self.broker.authority}",
                                  f"sasl.mechanisms={mechanism}", f"sasl.username={kafka.USER}",
                                  f"secrets.sasl.password={secret}", *more, broker=self.broker.secure, stderr=stderr)

    def test_both_mechanisms_and_both_compressions(self):
        sent = 0
        for mechanism, compression in (("PLAIN", "zstd"), ("SCRAM-SHA-512", "lz4")):
            writer = self.secure(mechanism, self.PASSWORD, f"compression={compression}")
            out, _ = writer.communicate(timeout=120)
            self.assertEqual(writer.returncode, 0, out)
            sent += 100
            self.assertEqual(len(read_topic(self.broker, HOSTS)), sent)

    def test_a_wrong_password_is_said_but_not_what_it_was(self):
        for mechanism in ("PLAIN", "SCRAM-SHA-512"):
            writer = self.secure(mechanism, "battery-staple", stderr=subprocess.PIPE)
            time.sleep(4)
            self.assertIsNone(writer.poll(), "the writer should go on trying")
            writer.kill()
            _, log = writer.communicate(timeout=30)
            self.assertIn("uthentication", log)
            self.assertNotIn("battery-staple", log)


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
