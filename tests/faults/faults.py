#!/usr/bin/env python3
"""What brokers, search servers, disks and kill -9 do to the way from a closed window to the sinks, with a real Kafka broker
and a server that takes `_bulk` requests and fails at them in every way, by the seed:

    faults.py [--short] [--kills N] [--seed N] [--hostscope P] [--deliver P] [--dump P] [TEST…]

The test AllRealKilled has a real OpenSearch instead, which is killed now and then, as the broker is.

After each fault: every record of every window that was stored is in each sink at least once, and, without repeats of a
record_id, exactly once and unchanged; what is missing is what the drop counters say. --short is for ctest; without it
every step and twice 100 kills are tried, some twenty minutes. The same seed makes the same choices, which the first line has;
what the machine makes of them in time is its own. Needs root: it runs in a network and mount namespace of its own.
"""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "release"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "kafka"), str(HERE.parent / "elastic")]
import broker as kafka  # noqa: E402
import fault_server  # noqa: E402
import isolation  # noqa: E402
import maven  # noqa: E402
import search_server  # noqa: E402
from isolation import die_with_parent  # noqa: E402
from records import Records, canonical, read_kafka, read_ndjson, read_search  # noqa: E402

OBSERVER = "faults"
PARTITIONS = 3


class WithSinks(unittest.TestCase):
    """A broker, a search server, a configuration with them and a file as sinks, and a store."""
    SEARCH_TIMEOUT = "5s"

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-faults-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.broker = kafka.Broker(self.folder / "broker", PARTITIONS)
        self.addCleanup(self.broker.kill)
        self.search = self.make_search()
        self.kafka_name, self.search_name = f"kafka {self.broker.bootstrap}", f"elasticsearch {self.search.url} hostscope"
        self.ndjson, self.store, self.truth, self.log = (
            self.folder / name for name in ("hosts.ndjson", "store", "truth.ndjson", "log"))
        self.config = self.folder / "hostscope.yaml"
        # A short queue, so that a window is under way for longer.
        self.config.write_text(f"""\
observer:
  name: {OBSERVER}
windows: [500ms, 1s]
cores:
  idle_sleep: 200us
memory:
  hosts: 10000
  sketches: 16MiB
dpdk:
  hugepages: no
sinks:
  ndjson:
    - path: {self.ndjson}
  kafka:
    - brokers: ["{self.broker.bootstrap}"]
      properties:
        queue.buffering.max.messages: "500"
        reconnect.backoff.max.ms: "500"
  elasticsearch:
    - urls: ["{self.search.url}"]
      batch: 64KiB
      timeout: {self.SEARCH_TIMEOUT}
store:
  path: {self.store}
""")

    def make_search(self):
        search = fault_server.FaultServer()
        self.addCleanup(search.stop)
        # A fifth of the first thousand requests come to grief.
        choice = random.Random(options.seed)
        search.faults = [choice.choice([*fault_server.FAULTS]) if choice.random() < 0.2 else None for _ in range(1000)]
        return search

    def deliver(self, first, count, hosts, *more):
        with open(self.log, "ab") as log:
            process = subprocess.Popen([options.deliver, self.config, self.truth, *map(str, (first, count, hosts, *more))],
                                       stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=die_with_parent)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, seconds=240):
        """Its last accounting."""
        out, _ = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, 0, self.log.read_text())
        return json.loads(out.splitlines()[-1])

    def stored(self):
        done = subprocess.run([options.dump, self.store, OBSERVER], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Records(done.stdout.splitlines())

    def check_sinks(self, expected):
        """All have `expected`, a Records, and nothing else. Returns how many came more than once, by sink."""
        repeats = {}
        for name, found in (("ndjson", read_ndjson(self.ndjson)), ("kafka", read_kafka(self.broker)),
                            ("search", read_search(self.documents()))):
            missing = expected.texts.keys() - found.texts.keys()
            self.assertFalse(missing, f"{name}: {len(missing)} of {len(expected.texts)} records are missing, such as "
                                      f"{sorted(map(str, missing))[:3]}")
            unknown = found.texts.keys() - expected.texts.keys()
            self.assertFalse(unknown, f"{name}: {len(unknown)} records of no stored window, such as "
                                      f"{sorted(map(str, unknown))[:3]}")
            self.assertEqual(canonical(found.texts), canonical(expected.texts), name)
            repeats[name] = found.repeats if name != "search" else self.search_repeats()
        return repeats

    def documents(self):
        """{id: document} of each data stream."""
        return self.search.documents.values()

    def search_repeats(self):
        return self.search.conflicts

    def failed_requests(self):
        return sum(fault is not None for fault in self.search.met)


class StoreKilled(WithSinks):
    """A process that stores and sends windows is killed before each step by which the store changes the disk."""
    HOSTS = 200
    LAST = 1_000

    def test_at_each_step(self):
        self.broker.start()
        kills = step = 0
        whole = set()  # windows of processes that were not killed
        was_killed = True
        while was_killed:
            process = self.deliver(2 * step, 2, self.HOSTS, "--kill-before", step)
            process.communicate(timeout=120)
            was_killed = process.returncode == -signal.SIGKILL
            self.assertTrue(was_killed or process.returncode == 0, self.log.read_text())
            kills += was_killed
            if not was_killed:
                whole |= {2 * step, 2 * step + 1}
            step += 3 if options.short and was_killed else 1
        self.finish(self.deliver(self.LAST, 1, self.HOSTS))
        stored = self.stored()
        self.assertGreater(kills, 10)
        self.assertEqual(len(stored.windows() & {index * 10 for index in whole | {self.LAST}}), len(whole) + 1)
        truth = read_ndjson(self.truth).texts
        for key, text in stored.texts.items():
            self.assertEqual(text, truth[key])
        repeats = self.check_sinks(stored)
        print(f"killed before {kills} different steps; of {len(stored.texts)} records in {len(stored.windows())} windows came "
              f"again: {repeats}")


class ServersAway(WithSinks):
    WINDOWS = 360  # an hour of ten seconds each
    HOSTS = 200

    def test_for_an_hour_of_windows(self):
        self.search.stop()
        process = self.deliver(0, self.WINDOWS, self.HOSTS)
        for line in process.stdout:
            stats = json.loads(line)
            if stats["store"]["windows"]["pushed"] == self.WINDOWS:
                break
        for name in (self.kafka_name, self.search_name):
            self.assertEqual(stats["sinks"][name]["lag"]["windows"], self.WINDOWS)
            self.assertGreater(stats["sinks"][name]["lag"]["bytes"], self.WINDOWS * self.HOSTS * 5)
            self.assertEqual(stats["sinks"][name]["records"] | {"retried": 0},
                             {"delivered": 0, "retried": 0, "rejected": 0, "dropped": 0})
        self.broker.start()
        self.search.start()
        stats = self.finish(process, seconds=600)
        for name in (self.kafka_name, self.search_name):
            self.assertEqual(stats["sinks"][name]["lag"], {"seconds": 0, "windows": 0, "bytes": 0})
            self.assertEqual(stats["sinks"][name]["records"]["delivered"], self.WINDOWS * (self.HOSTS + 1))
        self.assertGreater(stats["sinks"][self.kafka_name]["details"]["tx_requests"], 0)
        stored = self.stored()
        self.assertEqual(stored.texts, read_ndjson(self.truth).texts)
        print(f"{self.WINDOWS} windows waited; {self.failed_requests()} requests came to grief; came again: "
              f"{self.check_sinks(stored)}")


class DiskFull(WithSinks):
    WINDOWS = 200
    HOSTS = 1000

    def test_what_is_missing_is_what_was_counted(self):
        self.store.mkdir()
        isolation.run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.store)
        self.addCleanup(isolation.run, "umount", self.store)
        process = self.deliver(0, self.WINDOWS, self.HOSTS)
        for line in process.stdout:
            if json.loads(line)["store"]["windows"]["pushed"] == self.WINDOWS:
                break
        self.broker.start()
        stats = self.finish(process)
        truth = read_ndjson(self.truth)
        self.assertEqual(len(truth.windows()), self.WINDOWS)
        self.assertGreater(stats["store"]["windows"]["removed_for_room"], 0)
        lost = stats["store"]["windows"]["lost"]
        truth_texts = canonical(truth.texts)
        for name, found in ((self.kafka_name, read_kafka(self.broker)), (self.search_name, read_search(self.documents())),
                            (f"ndjson {self.ndjson}", read_ndjson(self.ndjson))):
            sink = stats["sinks"][name]
            missing = truth.texts.keys() - found.texts.keys()
            self.assertEqual(len(missing), sink["records"]["dropped"] + lost * (self.HOSTS + 1), name)
            self.assertEqual(len(truth.windows() - found.windows()), sink["windows"]["dropped"] + lost, name)
            self.assertEqual(len(missing), (sink["windows"]["dropped"] + lost) * (self.HOSTS + 1), "windows are whole, or not there")
            for key, text in canonical(found.texts).items():
                self.assertEqual(text, truth_texts[key])
            print(f"{name.split()[0]}: {len(found.windows())} of {self.WINDOWS} windows, "
                  f"{sink['windows']['dropped']} counted as dropped")
        self.assertGreater(stats["sinks"][self.kafka_name]["windows"]["dropped"], 10)


class ProgramKilled(WithSinks):
    """The appliance under load, killed at random; the broker too, now and then; and requests to the search server fail."""
    FLOWS = 5_000  # a second
    HOSTS = 300
    PATIENCE = 180  # seconds

    def setUp(self):
        super().setUp()
        isolation.make_port()
        self.addCleanup(isolation.remove_port)
        self.stats_path = self.folder / "stats.json"

    def start_program(self):
        appliance = isolation.Appliance(options.hostscope, self.config, self.log, "--stats", self.stats_path)
        self.addCleanup(appliance.kill)
        return appliance

    def servers(self):
        """[(server, n, m)]: it is killed in each run whose number is m modulo n, and comes back in the next one."""
        return [(self.broker, 4, 1)]

    def kill_again_and_again(self, choice, kills):
        away = []
        for i in range(kills):
            appliance = self.start_program()
            for server in away:
                server.start()  # while the appliance has windows for it
            away = [server for server, every, when in self.servers() if i % every == when]
            time.sleep(choice.uniform(0.3, 2.5))
            for server in away:
                server.kill()
                time.sleep(choice.uniform(0.0, 1.0))
            appliance.kill()
        for server in away:
            server.start()

    def finish_program(self, load):
        """One more run that is let come to its end, with a search server that is well again. The load goes on until all is sent
        that waited, since windows without anything in them are not closed, and it is at their edges that the accounting is
        written. Its last accounting."""
        self.search.faults = []
        self.stats_path.unlink(missing_ok=True)
        appliance = self.start_program()

        def is_all_sent():
            self.assertIsNone(appliance.process.poll(), self.log.read_text())
            if not self.stats_path.exists():
                return False
            sinks = json.loads(self.stats_path.read_text())["sinks"]
            return all(sink["lag"]["seconds"] <= 1 for sink in sinks.values())
        deadline = time.monotonic() + self.PATIENCE
        while not is_all_sent():
            if time.monotonic() > deadline:
                self.fail(f"windows are unsent: {json.loads(self.stats_path.read_text())['sinks']}\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        self.assertIsNone(load.poll(), "the load should not have ended")
        load.kill()
        load.wait()
        self.assertEqual(appliance.stop(), 0, self.log.read_text())
        return json.loads(self.stats_path.read_text())

    def test_at_random_moments(self):
        choice = random.Random(options.seed)
        self.broker.start()
        load = subprocess.Popen([options.hostscope, "generate", "--udp", f"{isolation.PORT4}:4739", "--hosts", str(self.HOSTS), "--rate",
                                 str(self.FLOWS), "--duration", "1h", "--seed", str(options.seed), "--template-interval", "200ms"],
                                stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(load.kill)
        self.kill_again_and_again(choice, options.kills)
        stats = self.finish_program(load)
        for name, sink in stats["sinks"].items():
            self.assertEqual(sink["lag"], {"seconds": 0, "windows": 0, "bytes": 0}, name)
            self.assertEqual((sink["records"]["rejected"], sink["records"]["dropped"]), (0, 0), name)
        self.assertNotRegex(self.log.read_text(), "dropped unsent|was not stored|set aside|too slow")
        stored = self.stored()
        self.assertGreater(len(stored.windows()), options.kills)
        self.assertGreater(len(stored.texts), self.HOSTS * options.kills)
        print(f"killed {options.kills} times; {self.what_failed()}; of {len(stored.texts)} records in {len(stored.windows())} windows "
              f"came again: {self.check_sinks(stored)}")

    def what_failed(self):
        self.assertGreater(self.failed_requests(), options.kills // 2)
        return f"{self.failed_requests()} requests came to grief"


class AllRealKilled(ProgramKilled):
    """The same with a real OpenSearch, which is killed too. What was under way then may be there, and is sent again."""
    SEARCH_TIMEOUT = "30s"
    PATIENCE = 900

    def setUp(self):
        if options.short:
            self.skipTest("not with --short")
        super().setUp()

    def make_search(self):
        search = search_server.SearchServer(self.folder / "search")
        self.addCleanup(search.kill)
        return search.start()

    def servers(self):
        return [*super().servers(), (self.search, 10, 2)]

    def documents(self):
        streams = [each["name"] for each in self.search.ask("GET", "/_data_stream/hostscope-*")["data_streams"]]
        self.assertEqual(len(streams), 3 * 2, streams)  # kinds of records, lengths of windows
        return [self.search.documents(stream) for stream in streams]

    def search_repeats(self):
        return "not known"  # what it refused, since it was there, is in no count of its own

    def what_failed(self):
        return "the broker was killed with every fourth, OpenSearch with every tenth"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hostscope", default=BUILD / "hostscope")
    parser.add_argument("--deliver", default=BUILD / "tests" / "faults" / "deliver_windows")
    parser.add_argument("--dump", default=BUILD / "tests" / "faults" / "dump_store")
    parser.add_argument("tests", nargs="*", metavar="TEST")
    options.__dict__.update(vars(parser.parse_args()))
    if options.kills is None:
        options.kills = 5 if options.short else 100
    try:
        kafka.libraries()
        if not options.short:
            search_server.libraries()
        isolation.enter()
    except (maven.Unavailable, OSError) as reason:
        return maven.skip_or_fail(str(reason))
    print(f"seed {options.seed}, {options.kills} kills, {'some steps' if options.short else 'every step'}", flush=True)
    unittest.main(argv=[sys.argv[0], *options.tests], verbosity=2)
    return 0


options = argparse.Namespace()

if __name__ == "__main__":
    sys.exit(main())
