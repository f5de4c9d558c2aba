"""The running appliance, and what it says: its host records summed by host, and its accounting checked."""
import collections
import json
import os
import pathlib
import signal

from network import COLLECTOR4, COLLECTOR6, wait_for

START_SECONDS = 60
STOP_SECONDS = 60
# Leaves the core to others while nothing comes.
CONFIG = "cores:\n  idle_sleep: 200us\nmemory:\n  hosts: 10000\n  sketches: 16MiB\n"

# For a program built with AddressSanitizer.
ENVIRONMENT = {**os.environ, "LSAN_OPTIONS": f"suppressions={pathlib.Path(__file__).with_name('lsan.supp')}:print_suppressions=0"}

Sum = collections.namedtuple("Sum", "flows packets bytes")


def add(sums, key, flows, packets, octets):
    old = sums.get(key, Sum(0, 0, 0))
    sums[key] = Sum(old.flows + flows, old.packets + packets, old.bytes + octets)


class Appliance:
    """`hostscope run` in a namespace, on AF_XDP where the kernel has it."""

    def __init__(self, program, namespace, folder, device="port0", windows="1s,3s", config=CONFIG,
                 drivers=("net_af_xdp0", "net_af_packet0"), addresses=(COLLECTOR4, COLLECTOR6), http="none",
                 environment=None):
        self.folder = pathlib.Path(folder)
        self.output, self.stats_path, self.log = (self.folder / name for name in ("hosts.ndjson", "stats.json", "log"))
        (self.folder / "hostscope.yaml").write_text(config)
        for driver in drivers:
            # "": as the configuration says.
            port = ("--device", f"{driver},iface={device}", "--address", ",".join(addresses)) if driver else ()
            with open(self.log, "wb") as log:
                self.process = namespace.start(
                    program, "run", "-c", self.folder / "hostscope.yaml", *port, "--output", self.output, "--windows", windows,
                    "--stats", self.stats_path, "--http", http, stderr=log,
                    env={**ENVIRONMENT, **(environment or {})})
            self.driver = driver
            if self._is_started():
                return
        raise AssertionError(f"the appliance did not start:\n{self.log_text()}")

    def _is_started(self):
        wait_for(lambda: self.process.poll() is not None or "point exporters at" in self.log_text(), "the appliance's start",
                 START_SECONDS)
        return self.process.poll() is None

    def log_text(self):
        return self.log.read_text(errors="replace")

    def lines(self):
        return self.output.read_text().splitlines() if self.output.exists() else []

    def stop(self):
        """SIGTERM. Returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stats(self):
        return json.loads(self.stats_path.read_text())

    def records(self):
        return [json.loads(line) for line in self.lines()]


class Windows:
    """The records of an output file, window by window. Raises AssertionError where one is incomplete."""

    def __init__(self, records):
        self.hosts = {}      # seconds of the window → (address, role) → Sum
        self.summaries = []  # window records in their order
        pending = collections.defaultdict(list)
        networks = collections.defaultdict(list)
        for record in records:
            key = (record["window"]["seconds"], record["window"]["start"])
            if "summary" in record:
                self._close(record, pending.pop(key, []))
                self._check_networks(record, networks.pop(key, []))
            elif "host" in record:
                pending[key].append(record)
            else:
                networks[key].append(record)
        assert not pending and not networks, f"no window record came after the hosts of {list(pending)}"
        keys = [(each["window"]["seconds"], each["window"]["start"]) for each in self.summaries]
        assert len(keys) == len(set(keys)), f"a window closed twice: {keys}"
        for seconds in self.hosts:
            starts = [start for length, start in keys if length == seconds]
            assert starts == sorted(starts), f"windows out of order: {starts}"

    def _close(self, window, hosts):
        assert window["summary"]["hosts"] == len(hosts), (window, len(hosts))
        assert window["summary"]["other_hosts"] == 0 and window["summary"]["dropped"] == 0, window
        assert window["summary"]["sampled_share"] == 0, window
        addresses = {record["host"]["ip"] for record in hosts}
        assert len(addresses) == len(hosts), f"a host twice in {window}"
        assert len({record["record_id"] for record in hosts}) == len(hosts)
        sums = self.hosts.setdefault(window["window"]["seconds"], {})
        flows = {"sent": 0, "received": 0}
        for record in hosts:
            assert record.get("partial") == window.get("partial"), (record, window)
            for role in flows.keys() & record.keys():
                said = record[role]
                add(sums, (record["host"]["ip"], role), said["flows"], said["packets"], said["bytes"])
                flows[role] += said["flows"]
        # Every network is monitored: a flow has a host at both ends.
        assert flows["sent"] == flows["received"] == window["summary"]["flows"], (flows, window)
        self.summaries.append(window)

    @staticmethod
    def _check_networks(window, networks):
        assert window["summary"]["networks"] == len(networks), (window, len(networks))
        for role in ("sent", "received"):
            flows = sum(each[role]["flows"] for each in networks if each["network"].get("monitored") and role in each)
            assert flows == window["summary"]["flows"], (role, flows, window)

    def flows(self, seconds):
        return sum(each["summary"]["flows"] for each in self.summaries if each["window"]["seconds"] == seconds)


def check_accounting(stats, is_numbered_right=True):
    """The identities of --stats; nothing lost, refused or left over. Numbers of an exporter that counts wrong prove no
    loss, nor that there was none."""
    datagrams, records = stats["datagrams"], stats["records"]
    assert datagrams["received"] == datagrams["decoded"] + sum(datagrams["dropped"].values()), datagrams
    assert records["seen"] == records["counted"] + sum(records["skipped"].values()), records
    assert not any(datagrams["dropped"].values()), datagrams
    assert not any(records["skipped"].values()), records
    assert stats["sequence_gaps"] == 0 or not is_numbered_right, stats["sequence"]
    assert not any(stats["sets"]["skipped"].values()), stats["sets"]
    for name in ("late_flows", "overrun_flows", "overflows", "saturated", "merge_overflows", "tables_missing"):
        assert stats["windows"][name] == 0, stats["windows"]
    for sink in stats["sinks"].values():
        windows = sink["windows"]
        assert windows["pushed"] == windows["written"] and windows["failed"] == windows["dropped"] == 0, sink
