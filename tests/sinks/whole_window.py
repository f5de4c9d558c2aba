#!/usr/bin/env python3
"""One window into Kafka, OpenSearch and Elasticsearch at once, all real, from the store:

    whole_window.py [--hosts N] [--writer PROGRAM] [--heap SIZE]

of a million hosts, where nothing else is said. Each server then counts what it has, by its own API, and every record is read
back from it and compared with what a file sink wrote, field for field: none is missing, none is there twice, none differs.
A million hosts take some minutes and about 8 GiB of memory and disk; the suite's own run has fewer.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "release"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "kafka"), str(HERE.parent / "elastic")]
import broker as kafka  # noqa: E402
import maven  # noqa: E402
import search_server  # noqa: E402
import windows  # noqa: E402

PATIENCE = 3600
TOPICS = {"host": "hostscope.hosts", "network": "hostscope.networks", "summary": "hostscope.windows"}
HOSTS_OF_A_NETWORK = 50  # as the writer makes them


def digest(text):
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def canonical(document):
    return json.dumps(document, sort_keys=True)


class Expected:
    """What the file has, by kind of record: as text, and as a document of an index."""

    def __init__(self, path):
        self.texts = {kind: set() for kind in TOPICS}
        self.documents = {kind: set() for kind in TOPICS}
        self.counts = dict.fromkeys(TOPICS, 0)
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                kind = next(kind for kind in TOPICS if kind in record)
                self.counts[kind] += 1
                self.texts[kind].add(digest(line.rstrip("\n")))
                self.documents[kind].add(digest(canonical(windows.as_document(record))))


def compare(what, texts, expected):
    """`texts` are all that is there."""
    found = set()
    count = 0
    for text in texts:
        count += 1
        this = digest(text)
        if this not in expected:
            raise SystemExit(f"{what}: not what was written: {text}")
        found.add(this)
    if count != len(expected) or len(found) != count:
        raise SystemExit(f"{what}: {count} records, {len(found)} different ones, of {len(expected)} that were written")


class Kafka:
    def __init__(self, folder, _):
        self.server = kafka.Broker(folder)

    def sink(self):
        return {"kafka": [{"brokers": [self.server.bootstrap]}]}

    def count(self, kind):
        """By the offsets that the broker says its partitions begin and end at."""
        topic = TOPICS[kind]
        partitions = self.ask("-L", "-J", "-t", topic)["topics"][0]["partitions"]
        total = 0
        for sign, when in ((1, -1), (-1, -2)):
            for partition in partitions:
                number = partition["partition"]
                total += sign * self.ask("-Q", "-J", "-t", f"{topic}:{number}:{when}")[topic][str(number)]["offset"]
        return total

    def ask(self, *arguments):
        done = subprocess.run(["kcat", "-b", self.server.bootstrap, *arguments], capture_output=True, text=True, check=True,
                              timeout=60)
        return json.loads(done.stdout)

    def compare(self, kind, expected):
        consumer = subprocess.Popen(["kcat", "-C", "-q", "-e", "-b", self.server.bootstrap, "-t", TOPICS[kind], "-o",
                                     "beginning", "-f", "%s\\n"], stdout=subprocess.PIPE, text=True)
        with consumer:
            compare(f"Kafka, {TOPICS[kind]}", (line.rstrip("\n") for line in consumer.stdout), expected.texts[kind])


class OpenSearch:
    make = search_server.SearchServer

    def __init__(self, folder, heap):
        self.server = type(self).make(folder, heap)

    def sink(self):
        return {"elasticsearch": [{"urls": [self.server.url], "timeout": "120s", "index": {"replicas": 0}}]}

    def count(self, kind):
        return self.server.count(windows.STREAMS[kind])

    def compare(self, kind, expected):
        texts = (canonical(hit["_source"]) for hit in self.server.each_hit(windows.STREAMS[kind]))
        compare(f"{type(self).__name__}, {windows.STREAMS[kind]}", texts, expected.documents[kind])


class Elasticsearch(OpenSearch):
    make = search_server.ElasticsearchServer


def write(options, folder, peers):
    """The window, by a configuration with all of them. Returns what the sinks say of themselves."""
    sinks = {"ndjson": [{"path": str(folder / "ndjson")}]}
    for peer in peers:
        for kind, entries in peer.sink().items():
            sinks.setdefault(kind, []).extend(entries)
    config = folder / "config.yaml"
    config.write_text(json.dumps({"observer": {"name": "whole"}, "store": {"path": str(folder / "store")}, "sinks": sinks}))
    done = subprocess.run([options.writer, config, str(options.hosts), "1", str(PATIENCE)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"the writer ended with {done.returncode}: {done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])["sinks"]


def check(options, folder, peers):
    start = time.monotonic()
    statuses = write(options, folder, peers)
    print(f"written in {time.monotonic() - start:.0f} s", flush=True)
    expected = Expected(folder / "ndjson")
    if expected.counts != {"host": options.hosts, "network": options.hosts // HOSTS_OF_A_NETWORK, "summary": 1}:
        raise SystemExit(f"the file has {expected.counts}")
    total = sum(expected.counts.values())
    for name, status in statuses.items():
        fates = {fate: status["records"][fate] for fate in ("delivered", "rejected", "dropped")}
        if fates != {"delivered": total, "rejected": 0, "dropped": 0}:
            raise SystemExit(f"{name} says {fates} of {total}")
    for peer in peers:
        name = type(peer).__name__
        start = time.monotonic()
        counts = {kind: peer.count(kind) for kind in TOPICS}
        if counts != expected.counts:
            raise SystemExit(f"{name} counts {counts}, and not {expected.counts}")
        for kind in TOPICS:
            peer.compare(kind, expected)
        print(f"{name}: {sum(counts.values())} records, by its own count and one by one; read in "
              f"{time.monotonic() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=1_000_000)
    parser.add_argument("--writer", default=BUILD / "tests" / "elastic" / "write_elastic_windows")
    parser.add_argument("--heap", default="1g", help="of each search server's JVM")
    options = parser.parse_args()
    try:
        kafka.libraries()
        search_server.libraries()
        search_server.elasticsearch_archive()
    except maven.Unavailable as reason:
        return maven.skip_or_fail(str(reason))
    with tempfile.TemporaryDirectory(prefix="hostscope-window-") as scratch:
        folder = pathlib.Path(scratch)
        peers = []
        try:
            for make in (Kafka, OpenSearch, Elasticsearch):
                peer = make(folder / make.__name__, options.heap)
                peers.append(peer)
                peer.server.start()
            check(options, folder, peers)
        finally:
            for peer in peers:
                peer.server.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
