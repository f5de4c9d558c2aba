#!/usr/bin/env python3
"""The Elasticsearch sink against a real OpenSearch with its security plugin: security_test.py WRITE_WINDOWS

By password and by client certificate, with the rights that docs/elasticsearch.md names and no more. API keys, which OpenSearch
does not have, fault_test.py sees."""
import json
import pathlib
import re
import sys
import tempfile
import time
import unittest
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import search_server  # noqa: E402
import secure_server  # noqa: E402
import windows  # noqa: E402

HOSTS = 2_000
RECORDS = HOSTS + HOSTS // 50 + 1
PASSWORD = "correct-horse"
DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "elasticsearch.md"


def documented_role():
    """The role for OpenSearch: of the JSON blocks below "Rights" the one with its name for permissions."""
    rights = DOCUMENT.read_text(encoding="utf-8").split("\n## Rights\n")[1].split("\n## ")[0]
    (role,) = (text for text in re.findall(r"```json\n(.*?)```", rights, re.S) if "cluster_permissions" in text)
    return json.loads(role)


class Security(windows.WithServer):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-search-")
        cls.addClassCleanup(scratch.cleanup)
        cls.server = secure_server.SecureServer(
            pathlib.Path(scratch.name) / "server", users={"writer": PASSWORD, "stranger": PASSWORD},
            roles={"hostscope": documented_role()}, mapping={"hostscope": ["writer", "appliance"]})
        cls.addClassCleanup(cls.server.kill)
        cls.server.start()

    def setUp(self):
        super().setUp()
        for path in ("/_data_stream/*", "/_index_template/hostscope*"):
            try:
                self.server.ask("DELETE", path)
            except urllib.error.HTTPError as error:
                self.assertEqual(error.code, 404)

    def configure_here(self, tls=None, password=None, user="writer"):
        who = {}
        if password is not None:
            self.secret = self.folder / "password"
            self.secret.write_text(password + "\n")
            who = {"user": user, "password_file": str(self.secret)}
        return self.configure([self.server.url], timeout="30s", index={"replicas": 0}, **who,
                              tls={"ca": str(self.server.authority), **(tls or {})})

    def test_password(self):
        self.check_records(self.write(self.configure_here(password=PASSWORD), HOSTS, 2), 2 * RECORDS)
        self.check_documents()
        self.assertTrue(self.server.exists(f"/_index_template/{windows.PREFIX}-{windows.LENGTH}"))
        self.assertNotIn(PASSWORD, self.log())

    def test_certificate(self):
        ours = self.server.certificate("appliance")
        tls = {"certificate": f"{ours}.pem", "key": f"{ours}.key"}
        self.check_records(self.write(self.configure_here(tls), HOSTS, 1), RECORDS)
        self.check_documents()

    def test_a_wrong_password_that_is_then_mended(self):
        process = self.start(self.configure_here(password="battery-staple"), HOSTS, 1)
        deadline = time.monotonic() + 60
        while "status 401" not in self.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn("status 401", self.log())
        self.secret.write_text(PASSWORD + "\n")
        self.check_records(self.finish(process), RECORDS)
        self.check_documents()
        for secret in ("battery-staple", PASSWORD):
            self.assertNotIn(secret, self.log())

    def test_without_rights_nothing_is_taken_for_delivered(self):
        config = self.configure_here(password=PASSWORD, user="stranger")
        status = self.finish(self.start(config, HOSTS, 1, patience=5), status=1)
        self.assertEqual((status["records"]["delivered"], status["records"]["dropped"]), (0, RECORDS))
        self.assertIn("status 403", self.log())
        self.assertFalse(self.server.exists(f"/_data_stream/{windows.STREAMS['host']}"))


if __name__ == "__main__":
    windows.WithWriter.write_windows = sys.argv.pop(1)
    try:
        search_server.libraries()
        search_server.security_plugin()
    except search_server.maven.Unavailable as unavailable:
        sys.exit(search_server.maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
