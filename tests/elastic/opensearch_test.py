#!/usr/bin/env python3
"""The Elasticsearch sink against a real OpenSearch: opensearch_test.py WRITE_WINDOWS

Every record is there once, field for field as other sinks have it, however often it is sent and whatever happens to the
server; the template is there, and the names of the Elastic Common Schema answer."""
import json
import pathlib
import sys
import tempfile
import time
import unittest
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import saved_objects  # noqa: E402
import search_server  # noqa: E402
import windows  # noqa: E402

HOSTS = 20_000
NETWORKS = HOSTS // 50
RECORDS = HOSTS + NETWORKS + 1
HOST_STREAM = windows.STREAMS["host"]
TEMPLATE = f"/_index_template/{windows.PREFIX}-{windows.LENGTH}"


class OpenSearch(windows.WithServer):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-search-")
        cls.addClassCleanup(scratch.cleanup)
        cls.server = search_server.SearchServer(scratch.name)
        cls.addClassCleanup(cls.server.kill)
        cls.server.start()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        if self.server.process is None:
            self.server.start()
        for path in ("/_data_stream/*", "/_index_template/hostscope*"):
            try:
                self.server.ask("DELETE", path)
            except urllib.error.HTTPError as error:
                self.assertEqual(error.code, 404)

    def configure_here(self, **keys):
        return self.configure([self.server.url], **{"timeout": "30s", "index": {"replicas": 0}, **keys})

    def search(self, **body):
        self.server.ask("POST", f"/{HOST_STREAM}/_refresh")
        return self.server.ask("POST", f"/{HOST_STREAM}/_search", {"size": 0, **body})


class Records(OpenSearch):
    def test_each_once_field_for_field_and_again(self):
        config = self.configure_here()
        status = self.write(config, HOSTS, 2)
        self.check_records(status, 2 * RECORDS)
        self.check_documents()
        # The same windows again: the server has them all, and says so.
        (self.folder / "ndjson").unlink()
        self.check_records(self.write(config, HOSTS, 2), 2 * RECORDS)
        self.check_documents()

    def test_nothing_is_lost_when_the_server_is_killed_in_mid_window(self):
        # A single document of a window of its own makes the stream, so that its growth can be watched.
        process = self.start(self.configure_here(batch="64KiB", connections=2), HOSTS, 3)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if self.server.exists(f"/_data_stream/{HOST_STREAM}") and self.server.count(HOST_STREAM) > HOSTS // 2:
                break
            time.sleep(0.05)
        self.server.kill()
        time.sleep(1)
        self.assertIsNone(process.poll(), "it should be waiting for the server")
        self.server.start()
        status = self.finish(process)
        self.check_records(status, 3 * RECORDS)
        self.check_documents()
        print(f"{status['records']['retried']} records sent again")

    def test_what_cannot_be_parsed_is_a_dead_letter(self):
        self.write(self.configure_here(), 10, 1)
        # A field of the wrong type in the newest index, which the server then refuses.
        template = self.server.ask("GET", TEMPLATE)["index_templates"][0]["index_template"]
        template["template"]["mappings"]["properties"]["host"]["properties"]["ip"] = {"type": "date"}
        template["template"]["mappings"]["properties"].pop("related")
        self.server.ask("PUT", TEMPLATE, template)
        self.server.ask("POST", f"/{HOST_STREAM}/_rollover")
        status = self.write(self.configure_here(), 20, 2, status=1)
        letters = [json.loads(line) for line in (self.folder / "dead").read_text().splitlines()]
        self.assertEqual(status["records"]["rejected"], len(letters))
        self.assertGreater(len(letters), 0)
        for letter in letters:
            self.assertEqual((letter["data_stream"], letter["status"]), (HOST_STREAM, 400))
            self.assertIn("host.ip", letter["reason"])
            self.assertEqual(letter["_id"], letter["document"]["record_id"])
        # As docs/elasticsearch.md says, once it is mended.
        self.server.ask("DELETE", "/_data_stream/*")
        self.server.ask("DELETE", TEMPLATE)
        lines = "".join(json.dumps({"create": {"_id": letter["_id"]}}) + "\n" + json.dumps(letter["document"]) + "\n"
                        for letter in letters)
        self.write(self.configure_here(), 1, 1)  # makes the stream by our template again
        items = self.server.ask("POST", f"/{HOST_STREAM}/_bulk", lines=lines)["items"]
        self.assertLessEqual({item["create"]["status"] for item in items}, {201, 409})
        documents = self.server.documents(HOST_STREAM)
        for letter in letters:
            self.assertEqual(documents[letter["_id"]], letter["document"])


class Choice(OpenSearch):
    def test_the_top_of_a_window(self):
        status = self.write(self.configure_here(hosts={"select": "top", "top": 100, "by": "bytes"}), HOSTS, 1)
        self.check_records(status, 100 + NETWORKS + 1)
        records = self.written()[HOST_STREAM]

        def total(record):
            return sum(record.get(role, {}).get("bytes", 0) for role in ("sent", "received"))
        expected = sorted(records, key=total, reverse=True)[:100]
        self.assertEqual({document["host"]["ip"] for document in self.server.documents(HOST_STREAM).values()},
                         {record["host"]["ip"] for record in expected})

    def test_networks(self):
        status = self.write(self.configure_here(hosts={"select": "networks", "networks": ["2001:db8::/32"]}), HOSTS, 1)
        self.check_records(status, HOSTS // 5 + NETWORKS + 1)
        self.assertTrue(all(document["host"]["ip"].startswith("2001:db8:")
                            for document in self.server.documents(HOST_STREAM).values()))

    def test_lengths(self):
        config = self.configure_here(windows=["1m"])
        self.check_records(self.write(config, 100, 1), 0)
        self.assertFalse(self.server.exists(f"/_data_stream/{HOST_STREAM}"))


class Index(OpenSearch):
    def template(self):
        return self.server.ask("GET", TEMPLATE)["index_templates"][0]["index_template"]

    def test_streams_and_template(self):
        self.write(self.configure_here(), 100, 1)
        streams = self.server.ask("GET", "/_data_stream/hostscope-*")["data_streams"]
        self.assertEqual({stream["name"]: stream["template"] for stream in streams},
                         {name: f"{windows.PREFIX}-{windows.LENGTH}" for name in windows.STREAMS.values()})
        self.assertEqual(set(self.template()["index_patterns"]), {*windows.STREAMS.values(), windows.EVENTS})
        self.assertEqual(self.template()["template"]["settings"]["index"]["number_of_replicas"], "0")
        # The server understands every field: nothing was added by guessing.
        for name in windows.STREAMS.values():
            mapping = next(iter(self.server.ask("GET", f"/{name}/_mapping").values()))["mappings"]
            self.assertEqual(mapping["properties"], self.template()["template"]["mappings"]["properties"])
        self.assertIn("no index lifecycle policies", self.log())  # this OpenSearch is without plugins

    def test_other_settings_replace_the_template_and_the_same_do_not(self):
        self.write(self.configure_here(), 10, 1)
        before = self.template()
        self.write(self.configure_here(), 10, 1)
        self.assertEqual(self.template(), before)
        self.write(self.configure_here(index={"replicas": 2}), 10, 1)
        self.assertEqual(self.template()["template"]["settings"]["index"]["number_of_replicas"], "2")

    def test_what_somebody_else_made_stays(self):
        theirs = {"index_patterns": list(windows.STREAMS.values()), "data_stream": {}, "priority": 7}
        self.server.ask("PUT", TEMPLATE, theirs)
        self.write(self.configure_here(), 10, 1)
        self.assertEqual(self.template()["priority"], 7)
        self.assertIn("was made by somebody else, and stays as it is", self.log())

    def test_names_of_the_common_schema_answer(self):
        self.write(self.configure_here(), 1000, 2)
        records = self.written()[HOST_STREAM]
        aliases = {"host.network.egress.bytes": ("sent", "bytes"), "host.network.egress.packets": ("sent", "packets"),
                   "host.network.ingress.bytes": ("received", "bytes"),
                   "host.network.ingress.packets": ("received", "packets")}
        answer = self.search(aggs={name.replace(".", "_"): {"max": {"field": name}} for name in aliases})
        for name, (role, figure) in aliases.items():
            most = max(record[role][figure] for record in records if role in record)
            self.assertAlmostEqual(answer["aggregations"][name.replace(".", "_")]["value"] / most, 1, places=9)

        first = min(record["window"]["start"] for record in records)
        count = sum(record["window"]["start"] == first for record in records)
        self.assertEqual(self.search(query={"term": {"event.start": first}})["hits"]["total"]["value"], count)
        some = records[17]
        for query in ({"term": {"event.id": some["record_id"]}},
                      {"bool": {"filter": [{"term": {"related.ip": some["host"]["ip"]}},
                                           {"term": {"event.end": some["window"]["end"]}}]}},
                      {"term": {"host.ip": some["host"]["ip"] + "/128" if ":" in some["host"]["ip"]
                                else some["host"]["ip"] + "/32"}}):
            answer = self.search(query=query, size=5)
            self.assertIn(some, [hit["_source"] for hit in answer["hits"]["hits"]], query)

    def test_dashboards_get_their_answers(self):
        self.write(self.configure_here(), 1000, 3)
        for stream in windows.STREAMS.values():
            self.server.count(stream)  # refreshes it
        saved_objects.check_on(self, self.server, self.written())


if __name__ == "__main__":
    windows.WithWriter.write_windows = sys.argv.pop(1)
    try:
        search_server.libraries()
    except search_server.maven.Unavailable as unavailable:
        sys.exit(search_server.maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
