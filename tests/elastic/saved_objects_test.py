#!/usr/bin/env python3
"""The dashboards that are shipped hang together, and docs/elasticsearch.md's command loads them: saved_objects_test.py

No Kibana and no OpenSearch Dashboards is in the package registries. So the command talks to a server that has what their
import API documents, and nothing more. What dashboards ask real servers, opensearch_test.py and elasticsearch_test.py see."""
import email.parser
import email.policy
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import saved_objects  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = {"hostscope-overview", "hostscope-host"}


class Objects(unittest.TestCase):
    def setUp(self):
        self.objects = saved_objects.load()

    def test_each_reference_leads_to_an_object_and_is_used(self):
        for each in self.objects.values():
            text = json.dumps(each["attributes"]).replace("\\", "")
            used = set(re.findall(r'(?:panelRefName|indexRefName)":"([^"]+)"', text))
            self.assertEqual(used, {reference["name"] for reference in each["references"]}, each["id"])
            for reference in each["references"]:
                self.assertIn((reference["type"], reference["id"]), self.objects, each["id"])

    def test_each_object_is_on_a_dashboard(self):
        dashboards = {ident: each for (kind, ident), each in self.objects.items() if kind == "dashboard"}
        self.assertEqual(set(dashboards), DASHBOARDS)
        shown = {(reference["type"], reference["id"]) for each in dashboards.values() for reference in each["references"]}
        self.assertEqual(shown, {key for key in self.objects if key[0] in ("visualization", "search")})

    def test_panels_do_not_overlap(self):
        for ident in DASHBOARDS:
            cells = set()
            for panel in json.loads(self.objects["dashboard", ident]["attributes"]["panelsJSON"]):
                grid = panel["gridData"]
                self.assertLessEqual(grid["x"] + grid["w"], 48)
                here = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
                self.assertFalse(cells & here, panel)
                cells |= here

    def test_links_between_dashboards(self):
        notes = [json.loads(each["attributes"]["visState"])["params"]["markdown"] for (kind, _), each in self.objects.items()
                 if kind == "visualization" and '"type":"markdown"' in each["attributes"]["visState"]]
        self.assertEqual(set(re.findall(r"\(#/view/([^)]+)\)", "".join(notes))), DASHBOARDS)

    def test_the_file_is_what_is_generated(self):
        done = subprocess.run([ROOT / "scripts" / "generate-dashboards", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


class ImportApi(http.server.BaseHTTPRequestHandler):
    """POST /api/saved_objects/_import as Kibana (with kbn-xsrf) and OpenSearch Dashboards (with osd-xsrf) document it."""
    header = None
    imported = None

    def log_message(self, *_):
        pass

    def answer(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/api/saved_objects/_import?overwrite=true":
            self.answer(404, {"statusCode": 404, "error": "Not Found"})
        elif self.headers.get(self.header) != "true":
            self.answer(400, {"statusCode": 400, "message": f"Request must contain a {self.header} header."})
        else:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            (part,) = form.iter_parts()
            if part.get_param("name", header="content-disposition") != "file" or not part.get_filename().endswith(".ndjson"):
                self.answer(400, {"statusCode": 400, "message": "Invalid file"})
                return
            lines = part.get_payload(decode=True).decode().splitlines()
            type(self).imported = [json.loads(line) for line in lines]
            self.answer(200, {"success": self.is_good, "successCount": len(lines)})


class Command(unittest.TestCase):
    def run_command(self, header, is_good=True):
        handler = type("Handler", (ImportApi,), {"header": header, "is_good": is_good})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        (command,) = re.findall(r"```sh\n((?:(?!```).)*_import.*?)```", (ROOT / "docs/elasticsearch.md").read_text(), re.S)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, env={**os.environ, "DASHBOARDS_URL": url}, capture_output=True,
                              text=True, timeout=60)
        return done, handler.imported

    def test_loads_all_into_either(self):
        for header in ("kbn-xsrf", "osd-xsrf"):
            done, imported = self.run_command(header)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(imported, list(saved_objects.load().values()))

    def test_fails_where_it_is_refused(self):
        done, _ = self.run_command("other-xsrf")
        self.assertNotEqual(done.returncode, 0)
        done, _ = self.run_command("kbn-xsrf", is_good=False)  # which is status 200, too
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
