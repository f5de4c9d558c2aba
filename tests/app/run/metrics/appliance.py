"""A running appliance on DPDK's capture device, for tests that look at it from outside. Needs neither root nor a
NIC."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

import prometheus_text

CONFIG = """\
windows: [500ms, 1s]
networks: [10.0.0.0/27]
ports:
  - device: net_pcap0,rx_pcap={folder}/in.pcap{device_options}
    addresses: [203.0.113.1]
    promiscuous: true
dpdk: {{hugepages: no{dpdk}}}
cores: {{idle_sleep: 1ms, workers: {cores}}}
memory: {{hosts: 20000, sketches: 8MiB}}
sinks: {{ndjson: [{{path: {folder}/out.ndjson}}, {{path: {folder}/old.ndjson, schema: stream4flow}}]}}
store: {{path: {folder}/store}}
exporters: {{rules: [{{prefix: 198.18.0.0/24, name: edge}}]}}
http: {{listen: "127.0.0.1:0"}}
metrics: {{exporters: 5}}
logging: {{level: info}}
"""


class Appliance:
    """With `records` of `exporters` to read; where `is_endless`, again and again."""

    def __init__(self, hostscope, records, exporters, is_endless=False, dpdk="", environment=None):
        self._scratch = tempfile.TemporaryDirectory(prefix="hostscope-metrics-")
        self.folder = pathlib.Path(self._scratch.name)
        # Hosts are 10.0.0.0 and up: some of them, and so some flow records, are monitored.
        subprocess.run([hostscope, "generate", "--pcap", self.folder / "in.pcap", "--records", str(records),
                        "--exporters", str(exporters), "--hosts", "300", "--summary", "/dev/null"], check=True)
        (self.folder / "c.yaml").write_text(CONFIG.format(
            folder=self.folder, cores=sorted(os.sched_getaffinity(0))[:2], dpdk=dpdk, device_options=",infinite_rx=1" if is_endless else ""))
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen([hostscope, "run", "-c", self.folder / "c.yaml", "--stats", self.folder / "stats"],
                                        stderr=self.log, stdout=subprocess.DEVNULL, env=environment)
        self.url = self._wait_for_url()

    def _wait_for_url(self):
        for _ in range(600):
            said = re.search(r"HTTP at (http://\S+)/", self.read_log())
            if said:
                return said[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(self.read_log())

    def read_log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as reply:
            return reply.read().decode(), reply.headers

    def scrape(self):
        text, _ = self.get("/metrics")
        return prometheus_text.parse(text)

    def stats(self):
        return json.loads(self.get("/api/v1/stats")[0])

    def scrape_when(self, is_so):
        """The first scrape of which that is so; of the last half minute."""
        for _ in range(150):
            families = self.scrape()
            if is_so(families):
                return families
            time.sleep(0.2)
        raise AssertionError("that was never so")

    def stop(self):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        return self.process.returncode

    def close(self):
        self.stop()
        self._scratch.cleanup()
