#!/usr/bin/env python3
"""The Elasticsearch sink against a real Elasticsearch: elasticsearch_test.py WRITE_WINDOWS

What may differ from OpenSearch: that it is recognized, that templates, data streams, documents, repeats and aliases are
understood. opensearch_test.py has the rest."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import saved_objects  # noqa: E402
import search_server  # noqa: E402
import windows  # noqa: E402

HOSTS = 5_000
RECORDS = HOSTS + HOSTS // 50 + 1
HOST_STREAM = windows.STREAMS["host"]


class Elasticsearch(windows.WithServer):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-search-")
        cls.addClassCleanup(scratch.cleanup)
        cls.server = search_server.ElasticsearchServer(pathlib.Path(scratch.name) / "server")
        cls.addClassCleanup(cls.server.kill)
        cls.server.start()

    def test_records_repeats_template_and_aliases(self):
        self.assertNotIn("distribution", self.server.ask("GET", "/")["version"])
        config = self.configure([self.server.url], timeout="30s", index={"replicas": 0})
        self.check_records(self.write(config, HOSTS, 2), 2 * RECORDS)
        self.check_documents()
        (self.folder / "ndjson").unlink()
        self.check_records(self.write(config, HOSTS, 2), 2 * RECORDS)
        self.check_documents()
        self.assertIn("no index lifecycle policies", self.log())  # which this distribution has not

        template = self.server.ask("GET", "/_index_template/hostscope-10s")["index_templates"][0]["index_template"]
        streams = self.server.ask("GET", "/_cluster/state/metadata?filter_path=metadata.data_stream")
        self.assertEqual(set(streams["metadata"]["data_stream"]["data_stream"]), set(windows.STREAMS.values()))
        mapping = next(iter(self.server.ask("GET", f"/{HOST_STREAM}/_mapping").values()))["mappings"]
        self.assertEqual(mapping["properties"], template["template"]["mappings"]["properties"])

        saved_objects.check_on(self, self.server, self.written())
        records = self.written()[HOST_STREAM]
        answer = self.server.ask("POST", f"/{HOST_STREAM}/_search", {"size": 0, "aggs": {
            "egress": {"max": {"field": "host.network.egress.bytes"}},
            "ingress": {"max": {"field": "host.network.ingress.packets"}},
            "start": {"min": {"field": "event.start"}}}})["aggregations"]
        self.assertAlmostEqual(answer["egress"]["value"] / max(
            record["sent"]["bytes"] for record in records if "sent" in record), 1, places=9)
        self.assertAlmostEqual(answer["ingress"]["value"] / max(
            record["received"]["packets"] for record in records if "received" in record), 1, places=9)
        self.assertEqual(answer["start"]["value_as_string"], min(record["window"]["start"] for record in records))


if __name__ == "__main__":
    windows.WithWriter.write_windows = sys.argv.pop(1)
    try:
        search_server.elasticsearch_archive()
    except search_server.maven.Unavailable as unavailable:
        sys.exit(search_server.maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
