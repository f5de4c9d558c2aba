#!/usr/bin/env python3
"""What central logging says of hosts, from a real broker to the API: context_test.py HOSTSCOPE

Messages of DHCP and authentication become attributes of hosts; malformed and hostile ones change nothing and are counted by
their cause; a restart reads them again. Needs neither root nor a NIC.
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "console"), str(HERE.parent / "app" / "run" / "metrics")]
import broker as kafka  # noqa: E402
import maven  # noqa: E402
import prometheus_text  # noqa: E402


def load(path):
    """A module of a name that another folder has too."""
    import importlib.util
    spec = importlib.util.spec_from_file_location("console_appliance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


console = load(HERE.parent / "console" / "appliance.py")
wait_for = console.network.wait_for

SECONDS = 60
HOST, OTHER = "10.1.2.3", "2001:db8::7"
MORE = """
context:
  files: ["{folder}/hosts.csv"]
  check_interval: never
  records: true
  kafka:
    brokers: ["{brokers}"]
    topics:
      - topic: dhcp
        host: client.ip
        when: {{event: lease}}
        attributes:
          - {{name: name, field: client.hostname}}
          - {{name: switch_port, field: relay.port}}
      - topic: logins
        host: source
        attributes:
          - {{name: users, field: user, keep: count}}
          - {{name: logins, field: at, keep: list, length: 2}}
"""


def lease(ip, name, port, event="lease"):
    return json.dumps({"event": event, "client": {"ip": ip, "hostname": name}, "relay": {"port": port}})


DHCP = [lease(HOST, "before", "sw1/1"), lease(OTHER, "six", "sw2/9"), lease(HOST, "pc3", "sw1/12"),
        lease(HOST, "never", "sw9/9", "release")]
LOGINS = [json.dumps({"source": HOST, "user": user, "at": at}) for user, at in (("eve", 1), ("bob", 2), ("bob", 3))]
# What must change nothing, and why.
HOSTILE = {
    "not_json": ["{", "\0\1\2", '{"event":"lease"} x', '{"event":"lease","x":' + "[" * 500 + "]" * 500 + "}"],
    "too_large": [json.dumps({"event": "lease", "client": {"ip": HOST, "hostname": "x" * 70000}})],
    "not_object": ["[]", "7"],
    "no_host": ['{"event":"lease"}', '{"event":"lease","client":{"ip":167772161}}'],
    "bad_address": [lease("10.1.2.3 ", "x", "y"), lease("10.1.2.0/24", "x", "y"), lease("0.0.0.0", "x", "y")],
    "no_attribute": [json.dumps({"event": "lease", "client": {"ip": HOST}})],
    "bad_value": [lease(HOST, "n" * 300, "sw6/6"), lease(HOST, ["a"], "sw6/6"), lease(HOST, "", "sw6/6")],
}


class LogsOfHosts(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hostscope-context-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.broker = kafka.Broker(self.folder / "broker", partitions=1).start()
        self.addCleanup(self.broker.kill)
        (self.folder / "hosts.csv").write_text("prefix,site,name\n10.0.0.0/8,brno,\n2001:db8::7,,six of the file\n")

    def produce(self, topic, messages):
        for message in messages:  # one at a time: some have line ends or zeros in them
            done = subprocess.run(["kcat", "-P", "-b", self.broker.bootstrap, "-t", topic, "-D", "\n\n"], input=message.encode(),
                                  capture_output=True, timeout=SECONDS)
            self.assertEqual(done.returncode, 0, done.stderr)

    def start(self):
        appliance = console.Appliance(hostscope, self.folder, MORE.format(folder=self.folder, brokers=self.broker.bootstrap),
                                      is_waiting=False)
        self.addCleanup(appliance.stop)
        return appliance

    @staticmethod
    def ask(appliance, path, **parameters):
        connection, answer = appliance.ask(path, **parameters)
        body = answer.read()
        connection.close()
        assert answer.status == 200, body
        return json.loads(body)

    def outcomes(self, appliance, topic):
        with urllib.request.urlopen(f"http://127.0.0.1:{appliance.port}/metrics", timeout=SECONDS) as answer:
            families = prometheus_text.parse(answer.read().decode())
        return {labels["outcome"]: int(value) for _, labels, value in families["hostscope_context_messages_total"].samples
                if labels["topic"] == topic and value > 0}

    def check(self, appliance):
        dhcp = {"applied": 3, "other": 1, **{cause: len(messages) for cause, messages in HOSTILE.items()}}
        wait_for(lambda: sum(self.outcomes(appliance, "dhcp").values()) == sum(dhcp.values()), "all leases", SECONDS)
        wait_for(lambda: self.outcomes(appliance, "logins") == {"applied": 3}, "all logins", SECONDS)
        self.assertEqual(self.outcomes(appliance, "dhcp"), dhcp)
        expected = {"name": "pc3", "switch_port": "sw1/12", "users": {"bob": 2, "eve": 1}, "logins": ["3", "2"],
                    "site": "brno"}
        self.assertEqual(self.ask(appliance, "/context", host=HOST), {"host": HOST, "context": expected})
        # What a file says of that very host counts.
        self.assertEqual(self.ask(appliance, "/context", host=OTHER)["context"],
                         {"name": "six of the file", "switch_port": "sw2/9"})
        self.assertEqual(self.ask(appliance, "/search", q="PC")["found"],
                         [{"prefix": f"{HOST}/32", "host": HOST, "name": "pc3"}])
        self.assertEqual(self.ask(appliance, "/context", attribute="switch_port")["values"],
                         [{"value": "sw1/12", "entries": 1}, {"value": "sw2/9", "entries": 1}])

    def test_become_attributes_and_hostile_ones_are_counted(self):
        self.produce("dhcp", DHCP[:2])
        for messages in HOSTILE.values():
            self.produce("dhcp", messages)
        self.produce("dhcp", DHCP[2:])
        self.produce("logins", LOGINS)
        appliance = self.start()
        self.check(appliance)
        # In records too, of what is known when they are written.
        records = wait_for(appliance.read_records, "windows with hosts", SECONDS)
        hosts = [each for each in records if each.get("host", {}).get("ip", "").startswith("10.")]
        self.assertTrue(hosts)
        self.assertEqual({each.get("context", {}).get("site") for each in hosts}, {"brno"})
        self.assertEqual(appliance.stop(), 0)
        (self.folder / "hosts.ndjson").unlink()
        # Nothing was committed: the next start reads it all again.
        again = self.start()
        self.check(again)
        self.check_rebalance(again)
        self.check_reload(again)

    def check_rebalance(self, appliance):
        """Partitions that are assigned anew go on where they were: nothing is read and counted again."""
        member = subprocess.Popen(["kcat", "-b", self.broker.bootstrap, "-G", "hostscope.context.mon1", "dhcp", "logins"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.assertTrue(any("rebalanced" in line for line in member.stderr))
        finally:
            member.terminate()
            member.communicate(timeout=SECONDS)
        self.produce("logins", [json.dumps({"source": HOST, "user": "bob", "at": 4})])
        wait_for(lambda: self.outcomes(appliance, "logins").get("applied", 0) > 3, "the login after it", SECONDS)
        self.assertEqual(self.ask(appliance, "/context", host=HOST)["context"]["users"], {"bob": 3, "eve": 1})
        self.assertEqual(self.outcomes(appliance, "logins"), {"applied": 4})

    def check_reload(self, appliance):
        """Files are read again when told to; bad ones change nothing."""
        def told(text):
            (self.folder / "hosts.csv").write_text(text)
            appliance.process.send_signal(signal.SIGHUP)

        def site():
            return self.ask(appliance, "/context", host=HOST)["context"].get("site")

        told("prefix,site\n10.0.0.0/8,praha\n")
        wait_for(lambda: site() == "praha", "the new file", SECONDS)
        told("prefix,site\n10.0.0.0/8,plzen\n10.0.0.0/33,x\n")
        wait_for(lambda: "hosts.csv:3: prefix '10.0.0.0/33' can't be read" in appliance.log(), "the file's problem", SECONDS)
        self.assertEqual(site(), "praha")
        self.assertEqual(self.ask(appliance, "/context", host=HOST)["context"]["name"], "pc3")


if __name__ == "__main__":
    hostscope = sys.argv.pop(1)
    try:
        kafka.libraries()
    except (maven.Unavailable, OSError) as unavailable:
        sys.exit(maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
