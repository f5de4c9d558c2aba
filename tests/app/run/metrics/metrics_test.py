#!/usr/bin/env python3
"""What a running appliance tells Prometheus: metrics_test.py HOSTSCOPE SOURCE-FOLDER

With --write after them, docs/metrics.md gets the table that the scrape makes."""
import json
import pathlib
import re
import sys
import time
import unittest

import prometheus_text
from appliance import Appliance

RECORDS = 20_000
EXPORTERS = 12
BEGIN, END = "<!-- metrics: begin -->\n", "<!-- metrics: end -->\n"


# Of families that have samples only with Kafka.
LABELS = {"hostscope_context_messages_total": ["outcome", "topic"], "hostscope_sink_detail": ["detail", "sink"], "hostscope_raw_flows_dropped_total": ["reason"],
          "hostscope_raw_flows_detail": ["detail"]}


def doc_table(families):
    """The documentation's rows of all metrics: name, type, labels, meaning."""
    rows = "| name | type | labels | meaning |\n|---|---|---|---|\n"
    for family in families.values():
        labels = sorted({label for _, found, _ in family.samples for label in found} - {"le"})
        labels = labels or LABELS.get(family.name, [])
        meaning = re.sub(r" (\w+): ", r"<br>`\1`: ", family.help.replace("|", "\\|"))
        rows += f"| `{family.name}` | {family.type} | {' '.join(f'`{label}`' for label in labels)} | {meaning} |\n"
    return rows


def flatten(value, path=""):
    if not isinstance(value, dict):
        return {path: value}
    flat = {}
    for name, inner in value.items():
        flat.update(flatten(inner, f"{path}.{name}" if path else name))
    return flat


class QuietAppliance(unittest.TestCase):
    """One that has read all there was."""

    @classmethod
    def setUpClass(cls):
        cls.appliance = Appliance(hostscope, RECORDS, EXPORTERS)
        cls.addClassCleanup(cls.appliance.close)
        cls.families = cls.appliance.scrape_when(lambda families: cls.is_done(families))
        cls.stats = cls.appliance.stats()

    @staticmethod
    def is_done(families):
        sinks = families["hostscope_sink_records_delivered_total"].values()
        return (families["hostscope_records_seen_total"].value() == RECORDS
                and families["hostscope_windows_closed_total"].value() >= 2
                and families["hostscope_sink_windows_waiting"].sum() == 0
                and families["hostscope_store_windows_waiting"].value() == 0 and min(sinks) > 0)

    def test_equals_the_accounting(self):
        stats, families = self.stats, self.families

        def value(metric, **labels):
            return families["hostscope_" + metric].value(**labels)

        self.assertEqual(value("datagrams_received_total"), stats["datagrams"]["received"])
        self.assertEqual(value("datagrams_decoded_total"), stats["datagrams"]["decoded"])
        self.assertEqual(value("sequence_lost"), stats["sequence_gaps"])
        self.assertEqual(value("hosts_total"), stats["hosts"])
        for family, label, group in (("datagrams_dropped_total", "reason", stats["datagrams"]["dropped"]),
                                     ("records_skipped_total", "reason", stats["records"]["skipped"]),
                                     ("sets_skipped_total", "reason", stats["sets"]["skipped"]),
                                     ("templates_total", "event", stats["templates"])):
            found = {labels[label]: number for _, labels, number in families["hostscope_" + family].samples}
            self.assertEqual(found, group, family)
        found = {labels["rule"]: number for _, labels, number in
                 families["hostscope_rule_datagrams_received_total"].samples}
        self.assertEqual(found, {name: rule["received"] for name, rule in stats["exporters"]["rules"].items()})
        for group in ("records", "windows", "store"):
            for name, number in flatten(stats[group]).items():
                if "skipped" in name or group == "store" and name in ("windows.stored", "bytes.stored", "bytes.written",
                                                                      "windows.waiting"):
                    continue
                family = f"hostscope_{group}_{name.replace('.', '_')}_total"
                self.assertEqual(families[family].value(), number, family)
        for name in ("handed_out", "kept", "done"):
            self.assertEqual(families[f"hostscope_spread_{name}_total"].sum(), stats["spread"][name])
        (port,) = stats["ports"].values()
        frames = families["hostscope_frames_total"]
        self.assertEqual({o: frames.sum(outcome=o) for o in port["frames"]}, port["frames"])
        self.assertGreater(stats["records"]["skipped"]["unmonitored"], 0)
        self.assertGreater(stats["records"]["counted"], 0)

    def test_sinks_are_those_of_the_accounting(self):
        delivered = self.families["hostscope_sink_records_delivered_total"]
        self.assertEqual([labels["sink"] for _, labels, _ in delivered.samples], list(self.stats["sinks"]))
        for name, sink in self.stats["sinks"].items():
            for fate, number in sink["records"].items():
                self.assertEqual(self.families[f"hostscope_sink_records_{fate}_total"].value(sink=name), number, fate)
            for fate in ("written", "failed", "dropped"):
                self.assertEqual(self.families[f"hostscope_sink_windows_{fate}_total"].value(sink=name),
                                 sink["windows"][fate], fate)
        counts = [v for suffix, _, v in self.families["hostscope_sink_window_delay_seconds"].samples
                  if suffix == "_count"]
        self.assertEqual(counts, [sink["delay"]["count"] for sink in self.stats["sinks"].values()])
        self.assertGreater(min(counts), 0)

    def test_the_busiest_exporters_and_all_others(self):
        datagrams = self.families["hostscope_exporter_datagrams_received_total"]
        names = [labels["exporter"] for _, labels, _ in datagrams.samples]
        self.assertEqual(names[-2:], ["other", "former"])
        self.assertEqual(len(names), 5 + 2)
        self.assertEqual({labels.get("name") for _, labels, _ in datagrams.samples}, {"edge", None})
        self.assertTrue(all(name.startswith("198.18.0.") for name in names[:-2]), names)
        self.assertEqual(datagrams.sum(), self.families["hostscope_datagrams_received_total"].value())
        self.assertEqual(self.families["hostscope_worker_exporters"].sum(), EXPORTERS)
        self.assertGreater(datagrams.value(exporter="other"), 0)
        self.assertEqual(self.families["hostscope_exporter_records_seen_total"].sum(), RECORDS)

    def test_the_http_server_counts_itself(self):
        self.assertGreater(self.families["hostscope_http_requests_total"].value(), 0)
        self.assertEqual(self.families["hostscope_http_refused_total"].sum(), 0)

    def test_the_documents_have_every_metric(self):
        document = (source / "docs/metrics.md").read_text(encoding="utf-8")
        table = document.split(BEGIN)[1].split(END)[0]
        self.assertEqual(table, doc_table(self.families), "tests/app/run/metrics/metrics_test.py … --write mends it")

    def test_dashboards_use_only_metrics_that_exist(self):
        names = set(self.families)
        for name, family in self.families.items():
            if family.type == "histogram":
                names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
        labels = {name: {label for _, found, _ in family.samples for label in found}
                  for name, family in self.families.items()}
        files = sorted((source / "packaging/grafana").glob("*.json"))
        self.assertEqual([file.name for file in files], ["pipeline.json", "sinks.json"])
        for file in files:
            dashboard = json.loads(file.read_text(encoding="utf-8"))
            queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
            self.assertGreater(len(queries), 5, file)
            for query in queries:
                used = re.findall(r"hostscope_\w+", query)
                self.assertTrue(used, query)
                self.assertLessEqual(set(used), names, query)
                for group in re.findall(r"by \(([^)]*)\)", query):
                    found = set().union(*(labels[re.sub("_(bucket|sum|count)$", "", name)
                                                 if name not in labels else name] for name in used))
                    self.assertLessEqual(set(group.replace(" ", "").split(",")), found | {"instance", "job"}, query)

    def test_content_type(self):
        _, headers = self.appliance.get("/metrics")
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")


class BusyAppliance(unittest.TestCase):
    """One that is flooded while it is scraped."""

    def test_books_balance_in_every_scrape_and_no_counter_falls(self):
        appliance = Appliance(hostscope, 8000, EXPORTERS, is_endless=True)
        self.addCleanup(appliance.close)
        before = None
        received = set()
        for _ in range(25):
            families = appliance.scrape()
            self.check_balance(families)
            if before is not None:
                self.check_growth(before, families)
            before = families
            received.add(families["hostscope_datagrams_received_total"].value())
            time.sleep(0.2)
        self.assertGreater(len(received), 3)
        self.assertGreater(max(received), 10_000)
        self.assertEqual(appliance.stop(), 0, appliance.read_log())

    def check_balance(self, families):
        def value(metric, **labels):
            return families["hostscope_" + metric].value(**labels)

        def total(metric, **labels):
            return families["hostscope_" + metric].sum(**labels)

        dropped = families["hostscope_datagrams_dropped_total"]
        self.assertEqual(value("datagrams_received_total"),
                         value("datagrams_decoded_total") + dropped.sum())
        by_the_decoder = sum(number for _, labels, number in dropped.samples
                             if not labels["reason"].startswith(("frame_", "nic_")))
        self.assertEqual(total("frames_total", outcome="datagram"), value("datagrams_decoded_total") + by_the_decoder)
        self.assertEqual(value("records_seen_total"), value("records_counted_total") + total("records_skipped_total"))
        self.assertEqual(total("exporter_datagrams_received_total"), total("frames_total", outcome="datagram"))
        for _, labels, number in families["hostscope_exporter_datagrams_received_total"].samples:
            self.assertEqual(number, total("exporter_datagrams_decoded_total", **labels) +
                             total("exporter_datagrams_dropped_total", **labels), labels)
        for _, labels, number in families["hostscope_exporter_records_seen_total"].samples:
            self.assertEqual(number, total("exporter_records_counted_total", **labels) +
                             total("exporter_records_skipped_total", **labels), labels)

    def check_growth(self, before, now):
        for name, family in now.items():
            if family.type == "gauge":
                continue
            old = {(suffix, tuple(labels.items())): value for suffix, labels, value in before[name].samples}
            for suffix, labels, value in family.samples:
                self.assertGreaterEqual(value, old.get((suffix, tuple(labels.items())), 0), f"{name} {labels}")


class Reader(unittest.TestCase):
    """The reader above refuses what is no metric."""

    def test_refuses(self):
        good = '# HELP a_total b\n# TYPE a_total counter\na_total{x="y"} 1\n'
        self.assertEqual(prometheus_text.parse(good)["a_total"].value(x="y"), 1)
        for wrong, right in (("} 1\n", "} 1"), ("_total", ""), (" counter", " gauge"), ('"y"', 'y"'), ("} 1", "} -1"),
                             ("} 1", "} x"), ("a_total{", "b_total{"), ('="y"', '="y",x="y"'), ("# TYPE a_total counter\n", "")):
            with self.assertRaises(ValueError, msg=right):
                prometheus_text.parse(good.replace(wrong, right))
        with self.assertRaises(ValueError):
            prometheus_text.parse(good + good)


def write_document():
    QuietAppliance.setUpClass()
    try:
        path = source / "docs/metrics.md"
        head, rest = path.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        path.write_text(head + BEGIN + doc_table(QuietAppliance.families) + END + tail, encoding="utf-8")
    finally:
        QuietAppliance.doClassCleanups()


if __name__ == "__main__":
    hostscope, source = sys.argv[1], pathlib.Path(sys.argv[2])
    if sys.argv[3:] == ["--write"]:
        write_document()
    else:
        unittest.main(argv=sys.argv[:1] + sys.argv[3:])
