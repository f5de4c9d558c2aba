"""An appliance that serves HTTP, for tests of its API: on DPDK's capture device, with 3,000 flow records of 300 hosts that come
at once. Needs neither root nor a NIC."""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "exporters"))
import network  # noqa: E402

SECONDS = 30
CONFIG = """
observer: {{name: mon1}}
windows: {windows}
networks: [0.0.0.0/0, 10.0.0.0/8, 2001:db8::/32]
ports:
  - device: net_pcap0,rx_pcap={folder}/in.pcap
    addresses: [203.0.113.1]
    promiscuous: true
dpdk: {{hugepages: no}}
cores: {{idle_sleep: 1ms}}
memory: {{hosts: 10000, sketches: 1MiB}}
top: {{peers: 3, dst_ports: 3}}
sinks:
  ndjson:
    - path: {folder}/hosts.ndjson
http: {{listen: "127.0.0.1:0"}}
"""


class Appliance:
    def __init__(self, hostscope, folder, more="", windows="[500ms, 1s]", is_waiting=True):
        self.folder = pathlib.Path(folder)
        subprocess.run([hostscope, "generate", "--pcap", self.folder / "in.pcap", "--records", "3000", "--hosts", "300",
                        "--ipv6-share", "0.2", "--ipv4-network", "10.0.0.0/8", "--ipv6-network", "2001:db8::/32",
                        "--summary", "/dev/null"], check=True)
        (self.folder / "c.yaml").write_text(CONFIG.format(folder=self.folder, windows=windows) + more)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([hostscope, "run", "-c", self.folder / "c.yaml"], stderr=log,
                                            preexec_fn=network.die_with_parent)
        self.port = int(network.wait_for(lambda: re.search(r"HTTP at http://127\.0\.0\.1:(\d+)", self.log()), "HTTP",
                                         SECONDS)[1])
        if is_waiting:
            self.records = network.wait_for(self.read_records, "windows with hosts", SECONDS)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def read_records(self):
        """What the sink has, once windows of both lengths are over that have hosts."""
        path = self.folder / "hosts.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        records = [json.loads(line) for line in lines if line.endswith("}")]
        full = {each["window"]["seconds"] for each in records if "summary" in each and each["summary"]["hosts"] > 0}
        return records if full == {0.5, 1} else None

    def ask(self, path, accept="application/json", **parameters):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        query = urllib.parse.urlencode(parameters)
        connection.request("GET", f"/api/v1{path}" + (f"?{query}" if query else ""), headers={"Accept": accept})
        return connection, connection.getresponse()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=SECONDS)
        finally:
            self.process.kill()
