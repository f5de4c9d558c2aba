#!/usr/bin/env python3
"""The Elasticsearch sink against a server that fails in every way: fault_test.py WRITE_WINDOWS

Whatever happens, each record is there once in the end, as it was written, and the counters say what happened."""
import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fault_server  # noqa: E402
import windows  # noqa: E402

HOSTS = 600
NETWORKS = HOSTS // 50
RECORDS = HOSTS + NETWORKS + 1


class Faults(windows.WithWriter):
    def setUp(self):
        super().setUp()
        self.server = fault_server.FaultServer()
        self.addCleanup(lambda: self.server.stop())

    def check_documents(self, count=None):
        """Each record that was written to the file is there, as it is there, and under one id."""
        written = self.written()
        total = 0
        for stream, records in written.items():
            documents = self.server.documents[stream]
            self.assertEqual(windows.by_content(documents.values()), windows.by_content(records), stream)
            for ident, document in documents.items():
                self.assertEqual(ident[:32], document.get("record_id", ident[:32]))
            total += len(documents)
        if count is not None:
            self.assertEqual(total, count)
        self.assertEqual(set(self.server.documents), set(written))

    def write_small_batches(self, windows_count=2, **keys):
        return self.write(self.configure([self.server.url], batch="64KiB", **keys), HOSTS, windows_count)


class EveryFault(Faults):
    def test_well(self):
        status = self.write_small_batches()
        self.check_records(status, 2 * RECORDS)
        self.check_documents(2 * RECORDS)
        self.assertEqual((status["records"]["retried"], self.server.conflicts, status["windows"]["written"]), (0, 0, 2))

    def test_not_compressed(self):
        self.check_records(self.write_small_batches(compression="none"), 2 * RECORDS)
        self.check_documents(2 * RECORDS)

    def test_a_storm_of_them(self):
        names = [name for name in fault_server.FAULTS if name != "hang"] * 2
        random.Random(7).shuffle(names)
        self.server.faults = names
        status = self.write(self.configure([self.server.url], batch="64KiB", connections=4), HOSTS, 6)
        self.assertEqual(self.server.faults, [])
        self.check_records(status, 6 * RECORDS)
        self.check_documents(6 * RECORDS)
        self.assertGreater(self.server.conflicts, 0)

    def test_dead_letters(self):
        self.server.rejects = lambda document: document.get("host", {}).get("ip", "").endswith("7")
        status = self.write(self.configure([self.server.url], batch="64KiB"), HOSTS, 1, status=1)
        letters = [json.loads(line) for line in (self.folder / "dead").read_text().splitlines()]
        refused = [letter["document"] for letter in letters]
        self.assertGreater(len(refused), 10)
        self.check_records(status, RECORDS - len(refused), len(refused))
        stream = windows.STREAMS["host"]
        self.assertEqual(windows.by_content(list(self.server.documents[stream].values()) + refused),
                         windows.by_content(self.written()[stream]))
        for letter in letters:
            self.assertEqual((letter["data_stream"], letter["status"], letter["reason"]),
                             (stream, 400, "document_parsing_exception: not this one"))
        self.assertIn(f"{len(refused)} records refused: status 400: document_parsing_exception", self.log())

    def test_bodies_that_are_too_large_are_sent_in_parts(self):
        self.server.max_body = 20_000
        status = self.write(self.configure([self.server.url], batch="1MiB"), HOSTS, 2)
        self.check_records(status, 2 * RECORDS)
        self.check_documents(2 * RECORDS)

    def test_documents_that_are_too_large_are_rejected(self):
        self.server.max_body = 700  # some host records, with the line before them
        status = self.write(self.configure([self.server.url], batch="64KiB"), 100, 1, status=1)
        letters = (self.folder / "dead").read_text().splitlines()
        there = sum(len(documents) for documents in self.server.documents.values())
        self.assertGreater(there, 0)
        self.assertGreater(len(letters), 0)
        self.assertEqual(there + len(letters), 103)
        self.check_records(status, there, len(letters))

    def test_the_server_goes_away_and_comes_back_empty(self):
        process = self.start(self.configure([self.server.url], batch="64KiB", connections=1), HOSTS, 6)
        while self.server.created < HOSTS and process.poll() is None:
            time.sleep(0.01)
        self.server.stop()
        self.server.items.clear()
        time.sleep(1)
        self.assertIsNone(process.poll(), "it should be waiting for the server")
        self.server.start()
        self.check_records(self.finish(process), 6 * RECORDS)
        self.check_documents(6 * RECORDS)
        self.assertEqual(len(self.server.items), 2, "template and policy are there again")

    def test_another_node_takes_over(self):
        gone = fault_server.FaultServer()
        gone.stop()
        self.check_records(self.write(self.configure([gone.url, self.server.url], batch="64KiB"), HOSTS, 2), 2 * RECORDS)
        self.check_documents(2 * RECORDS)

    def test_parts_of_a_cut_window_are_all_there(self):
        """Also where they say the same, and by way of the store."""
        parts = 3
        for store in (False, True):
            with self.subTest(store=store):
                self.server.documents.clear()
                config = self.configure([self.server.url], store=store, batch="64KiB")
                status = self.finish(self.start(config, HOSTS, 1, parts=parts))
                self.check_records(status, parts * RECORDS)
                self.assertEqual(sum(map(len, self.server.documents.values())), parts * RECORDS)
                documents = self.server.documents[windows.STREAMS["host"]]
                self.assertEqual({ident[:32] for ident in documents}, {each["record_id"] for each in documents.values()})
                self.assertEqual({ident[32:] for ident in documents}, {"-p1", "-p2", "-p3"})

    def test_a_killed_program_goes_on_from_its_store(self):
        config = self.configure([self.server.url], store=True, batch="64KiB", connections=1)
        process = self.start(config, HOSTS, 5)
        deadline = time.monotonic() + 60
        while self.server.created < 2 * HOSTS and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = self.server.created
        self.assertLess(before, 5 * RECORDS)
        self.write(config, 0, 0)
        lines = set()
        for line in (self.folder / "ndjson").read_text().splitlines():
            if line.endswith("}"):  # not what the killed program left half written
                lines.add(json.dumps(windows.as_document(json.loads(line)), sort_keys=True))
        there = [json.dumps(document, sort_keys=True)
                 for documents in self.server.documents.values() for document in documents.values()]
        self.assertEqual(len(there), len(set(there)))
        self.assertEqual(set(there), lines)
        self.assertGreater(len(there), before)


def add_test(name):
    def test(self):
        self.server.faults = [name]
        status = self.write_small_batches()
        self.assertEqual(self.server.faults, [])
        self.check_records(status, 2 * RECORDS)
        self.check_documents(2 * RECORDS)
        # Where a kept connection ends without a byte of an answer, libcurl itself sends again.
        if name not in ("close", "unread"):
            self.assertGreater(status["records"]["retried"], 0)
    test.__doc__ = fault_server.FAULTS[name]
    setattr(EveryFault, "test_fault_" + name.replace("-", "_"), test)


for fault in fault_server.FAULTS:
    add_test(fault)


class Secrets(Faults):
    SECRET = "aHVudGVyMjpodW50ZXIy"

    def check_nowhere(self, text):
        self.assertNotIn(self.SECRET, text)

    def test_api_key_that_is_refused_and_then_changed(self):
        key = self.folder / "key"
        key.write_text(self.SECRET + "\n")
        self.server.authorization = "ApiKey c2Vjb25k"
        process = self.start(self.configure([self.server.url], api_key_file=str(key)), HOSTS, 1)
        deadline = time.monotonic() + 30
        while "status 401" not in self.log() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn("status 401", self.log())
        self.assertIn("not: ApiKey ***", self.log())  # the server said it, and we do not
        key.write_text("c2Vjb25k\n")
        self.check_records(self.finish(process), RECORDS)
        self.check_nowhere(self.log())

    def test_password_that_the_server_repeats(self):
        password = self.folder / "password"
        password.write_text(self.SECRET)
        self.server.authorization = "nobody"
        config = self.configure([self.server.url], user="elastic", password_file=str(password))
        status = self.finish(self.start(config, 10, 1, patience=2), status=1)
        self.assertEqual(status["records"]["dropped"], 11)
        self.assertIn("status 401", self.log())
        self.check_nowhere(self.log())
        self.assertNotIn("Basic ZW", self.log())

    def test_url_with_a_password_is_refused(self):
        config = self.configure([self.server.url.replace("://", f"://elastic:{self.SECRET}@")])
        process = self.start(config, 10, 1)
        process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn("sinks.elasticsearch[0].urls[0]: has a user or a password in it", self.log())
        self.check_nowhere(self.log())


@unittest.skipIf(shutil.which("openssl") is None, "no openssl on this machine")
class Tls(windows.WithWriter):
    def setUp(self):
        super().setUp()
        for name in ("ca", "other"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                         "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem")
        self.sign("server", "subjectAltName=IP:127.0.0.1")
        self.sign("client", "extendedKeyUsage=clientAuth")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def sign(self, name, extension):
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", self.folder / f"{name}.key",
                     "-out", self.folder / f"{name}.csr")
        self.openssl("x509", "-req", "-days", "2", "-in", self.folder / f"{name}.csr", "-CA", self.folder / "ca.pem", "-CAkey",
                     self.folder / "ca.key", "-CAcreateserial", "-extfile", self.folder / f"{name}.ext", "-out",
                     self.folder / f"{name}.pem")

    def serve(self, **more):
        server = fault_server.FaultServer(tls={"certificate": self.folder / "server.pem", "key": self.folder / "server.key",
                                               **more})
        self.addCleanup(server.stop)
        return server

    def test_the_right_authority(self):
        server = self.serve()
        config = self.configure([server.url], tls={"ca": str(self.folder / "ca.pem")})
        self.check_records(self.write(config, HOSTS, 1), RECORDS)
        self.assertEqual(server.created, RECORDS)

    def test_nothing_goes_to_a_server_of_another_authority(self):
        server = self.serve()
        for tls in ({"ca": str(self.folder / "other.pem")}, {}):
            status = self.finish(self.start(self.configure([server.url], tls=tls), HOSTS, 1, patience=2), status=1)
            self.assertEqual(status["records"]["dropped"], RECORDS)
            self.assertRegex(self.log(), re.compile("certificate", re.IGNORECASE))
            self.assertEqual((server.created, server.gets), (0, []))

    def test_nor_to_one_of_another_name(self):
        server = self.serve()
        url = server.url.replace("127.0.0.1", "localhost")
        config = self.configure([url], tls={"ca": str(self.folder / "ca.pem")})
        self.finish(self.start(config, HOSTS, 1, patience=2), status=1)
        self.assertEqual((server.created, server.gets), (0, []))

    def test_with_a_certificate_of_ours(self):
        server = self.serve(client_ca=self.folder / "ca.pem")
        ca = str(self.folder / "ca.pem")
        self.finish(self.start(self.configure([server.url], tls={"ca": ca}), HOSTS, 1, patience=2), status=1)
        self.assertEqual(server.gets, [])
        (self.folder / "ndjson").unlink()
        config = self.configure([server.url], tls={"ca": ca, "certificate": str(self.folder / "client.pem"),
                                                   "key": str(self.folder / "client.key")})
        self.check_records(self.write(config, HOSTS, 1), RECORDS)


if __name__ == "__main__":
    windows.WithWriter.write_windows = sys.argv.pop(1)
    unittest.main(verbosity=2)
