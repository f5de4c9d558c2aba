"""What the Elasticsearch sink's tests have in common: a configuration, the program that writes windows by it, and what
documents are to be like."""
import json
import pathlib
import subprocess
import tempfile
import unittest

PREFIX = "hostscope"
LENGTH = "10s"
STREAMS = {"host": f"{PREFIX}-hosts-{LENGTH}", "network": f"{PREFIX}-networks-{LENGTH}",
           "summary": f"{PREFIX}-windows-{LENGTH}"}
EVENTS = f"{PREFIX}-events-{LENGTH}"  # of anomaly records, of which these windows have none


class WithWriter(unittest.TestCase):
    """Each test has a folder, in which the same records that go to the sink also go to a file."""
    write_windows = None  # the program

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-elastic-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def configure(self, urls, store=False, name="config", **keys):
        """Writes a configuration; `keys` are the sink's, as JSON, which is YAML."""
        sink = {"urls": urls, "timeout": "2s", "dead_letters": str(self.folder / "dead"), **keys}
        config = {"observer": {"name": "elastic-test"},
                  "sinks": {"elasticsearch": [sink], "ndjson": [{"path": str(self.folder / "ndjson")}]}}
        if store:
            config["store"] = {"path": str(self.folder / "store")}
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        return path

    def start(self, config, hosts, windows, patience=120, parts=0):
        log = open(self.folder / "log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen([self.write_windows, config, str(hosts), str(windows), str(patience), str(parts)],
                                   stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, status=0, timeout=300):
        """The elasticsearch sink's part of the statistics."""
        out, _ = process.communicate(timeout=timeout)
        self.assertEqual(process.returncode, status, out + self.log())
        sinks = json.loads(out.splitlines()[-1])["sinks"]
        return next(value for key, value in sinks.items() if key.startswith("elasticsearch"))

    def write(self, config, hosts, windows, status=0, timeout=300):
        return self.finish(self.start(config, hosts, windows), status, timeout)

    def log(self):
        return (self.folder / "log").read_text()

    def written(self):
        """{data stream: records} of the file, as documents."""
        records = {stream: [] for stream in STREAMS.values()}
        for line in (self.folder / "ndjson").read_text().splitlines():
            record = json.loads(line)
            kind = next(kind for kind in STREAMS if kind in record)
            records[STREAMS[kind]].append(as_document(record))
        return records

    def check_records(self, status, delivered, rejected=0):
        self.assertEqual({key: status["records"][key] for key in ("delivered", "rejected", "dropped")},
                         {"delivered": delivered, "rejected": rejected, "dropped": 0}, self.log())


class WithServer(WithWriter):
    """Against a real server."""
    server = None  # search_server's

    def check_documents(self):
        """The server has what the file has, each record once and under its id."""
        for stream, records in self.written().items():
            self.assertEqual(self.server.count(stream), len(records), stream)
            documents = self.server.documents(stream)
            self.assertEqual(by_content(documents.values()), by_content(records), stream)
            for ident, document in documents.items():
                self.assertEqual(ident, document.get("record_id", ident))


def as_document(record):
    """A record of other sinks as the document that it is in an index."""
    if "host" in record:
        record["host"]["network"] = {"prefix": record["host"]["network"]}
    return record


def by_content(documents):
    """For comparing: in an order, and each as text."""
    return sorted(json.dumps(document, sort_keys=True) for document in documents)
