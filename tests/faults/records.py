"""What sinks have, without repeats."""
import datetime
import json

import broker as kafka

TOPICS = ("hostscope.hosts", "hostscope.networks", "hostscope.windows")


def seconds_of(record):
    """The window's start, since that of the test windows' first one."""
    start = datetime.datetime.fromisoformat(record["window"]["start"].replace("Z", "+00:00"))
    return (start - datetime.datetime(2026, 11, 23, 21, 0, 10, tzinfo=datetime.timezone.utc)).total_seconds()


class Records:
    """Records by what tells them apart: record_id, or for a window record its window. Raises AssertionError where two of
    the same id say something else."""

    def __init__(self, lines):
        self.texts = {}
        self.repeats = 0
        self.torn = 0  # lines that are no record
        self._windows = set()
        for line in lines:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                self.torn += 1
                continue
            window = (seconds_of(record), record["window"]["seconds"], record.get("partial", False))
            key = record.get("record_id") or window
            self.repeats += key in self.texts
            assert self.texts.setdefault(key, line) == line, (line, self.texts[key])
            self._windows.add(window)

    def windows(self):
        """Starts in seconds, as seconds_of() has them; with length where there are several."""
        lengths = {window[1] for window in self._windows}
        return {window[0] if len(lengths) == 1 else window for window in self._windows}


def read_ndjson(path):
    return Records(path.read_text().splitlines() if path.exists() else [])


def read_kafka(broker):
    there = set(kafka.topics(broker))
    return Records([line for topic in TOPICS if topic in there for line in kafka.consume(broker, topic, "%s\\n")])


def canonical(texts):
    """{key: text} as what two texts of the same content have in common."""
    return {key: json.dumps(json.loads(text), sort_keys=True) for key, text in texts.items()}


def read_search(streams):
    """The documents of data streams, {id: document} each, as the records that other sinks have."""
    lines = []
    for documents in streams:
        for document in documents.values():
            if "host" in document:
                document = {**document, "host": {**document["host"], "network": document["host"]["network"]["prefix"]}}
            lines.append(json.dumps(document))
    return Records(lines)
