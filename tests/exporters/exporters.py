"""Real exporters as they watch the traffic of a site and export to the collector: softflowd, pmacctd with nfprobe, Open
vSwitch. Each is started, told to send all that it has, and asked how much that was."""
import pathlib
import re
import signal
import subprocess
import time

from network import COLLECTOR4, COLLECTOR6, run, wait_for
from reference import PORT

PROGRAMS = ("env", "softflowd", "softflowctl", "pmacctd", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl",
            "ovs-ofctl", "ovsdb-tool")
STOP_SECONDS = 20


def target(is_ipv6):
    return f"[{COLLECTOR6}]:{PORT}" if is_ipv6 else f"{COLLECTOR4}:{PORT}"


def versions():
    lines = []
    for command in (["softflowd", "-h"], ["pmacctd", "-V"], ["ovs-vswitchd", "--version"], ["tshark", "--version"]):
        said = run(command, check=False).splitlines()
        lines.append(next(line for line in said if re.search(r"\d+\.\d+", line)).replace("This is ", ""))
    return lines


def end(process, number=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Softflowd:
    """Listens on the site's device to the left. Its own count of flow records is exact."""

    is_routed = True

    def __init__(self, version, is_ipv6=False):
        self.version, self.is_ipv6 = version, is_ipv6
        # Its IPFIX counts flow records only, but sends its options as a record now and then.
        self.is_numbered_right = version != 10

    def start(self, network, folder):
        self.network = network
        self.control = pathlib.Path(folder) / "softflowd.ctl"
        self.log = open(pathlib.Path(folder) / "softflowd.log", "w+")
        self.process = network.site.start(
            "softflowd", "-d", "-i", "left", "-n", target(self.is_ipv6), "-v", self.version, "-c", self.control, "-p",
            pathlib.Path(folder) / "softflowd.pid", "-t", "expint=1", "-t", "maxlife=2", "-t", "general=1", "-t", "tcp=1",
            "-t", "udp=1", "-t", "icmp=1", "-t", "tcp.rst=1", "-t", "tcp.fin=1", stdout=self.log, stderr=self.log)
        wait_for(self.control.exists, "softflowd's control socket")

    def observe(self):
        pass  # does so since its start

    def _ask(self, what):
        return self.network.site.run("softflowctl", "-c", self.control, what)

    def flush(self):
        self._ask("expire-all")

        def is_all_sent():
            self.said = self._ask("statistics")
            return re.search(r"Number of active flows: 0\b", self.said)

        wait_for(is_all_sent, "softflowd's flows to be sent")
        self._ask("shutdown")
        self.process.wait(timeout=STOP_SECONDS)

    def said_flows(self):
        """Flow records that it says it sent."""
        return int(re.search(r"\((\d+) records\)", self.said)[1])

    def close(self):
        end(self.process)
        self.log.close()


class Pmacctd:
    """Listens on the site's device to the left."""

    is_routed = True
    is_numbered_right = True

    def __init__(self, version, is_ipv6=False):
        self.version, self.is_ipv6 = version, is_ipv6

    def start(self, network, folder):
        folder = pathlib.Path(folder)
        config = folder / "pmacctd.conf"
        self.log = folder / "pmacctd.log"
        config.write_text(f"""\
daemonize: false
logfile: {self.log}
pcap_interface: left
promisc: true
aggregate: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags
plugins: nfprobe[out]
nfprobe_receiver[out]: {target(self.is_ipv6)}
nfprobe_version[out]: {self.version}
nfprobe_timeouts[out]: tcp=1:tcp.rst=1:tcp.fin=1:udp=1:icmp=1:general=1:maxlife=2:expint=1
plugin_pipe_size: 4096000
plugin_buffer_size: 4096
""")
        self.process = network.site.start("pmacctd", "-f", config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.log.exists() and "link type is" in self.log.read_text(), "pmacctd's start")

    def observe(self):
        pass  # does so since its start

    def flush(self):
        time.sleep(1.5)  # it hands packets to its plugin a buffer or a second at a time
        end(self.process, signal.SIGINT)

    def said_flows(self):
        return None  # it says nothing of that

    def close(self):
        end(self.process)


class OpenVswitch:
    """A bridge with the userspace datapath between left and right, which exports what it switches."""

    is_routed = False
    is_numbered_right = True

    def __init__(self, protocol, is_ipv6=False):
        self.protocol, self.is_ipv6 = protocol, is_ipv6

    def start(self, network, folder):
        self.network, self.folder = network, pathlib.Path(folder)
        self.processes = []
        self.said = None
        self.database = f"unix:{folder}/db.sock"
        schema = "/usr/share/openvswitch/vswitch.ovsschema"
        run(["ovsdb-tool", "create", f"{folder}/conf.db", schema])
        self._start("ovsdb-server", f"{folder}/conf.db", f"--remote=p{self.database}", "--pidfile=" + f"{folder}/db.pid",
                    f"--unixctl={folder}/db.ctl", f"--log-file={folder}/db.log")
        wait_for((self.folder / "db.sock").exists, "ovsdb-server's socket")
        self._set("--no-wait", "init")
        self._start("ovs-vswitchd", self.database, f"--pidfile={folder}/ovs.pid", f"--unixctl={folder}/ovs.ctl",
                    f"--log-file={folder}/ovs.log", "--disable-system")
        self._set("set", "Open_vSwitch", ".", "other_config:max-idle=500", "--", "add-br", "bridge", "--", "set", "Bridge",
                  "bridge", "datapath_type=netdev", "fail-mode=standalone", "--", "add-port", "bridge", "left", "--",
                  "add-port", "bridge", "right")

    def observe(self):
        """Exports from now on."""
        if self.protocol == "netflow5":
            self._set("--", "set", "Bridge", "bridge", "netflow=@export", "--", "--id=@export", "create", "NetFlow",
                      self._targets(), "active-timeout=1")
        else:
            self._set("--", "set", "Bridge", "bridge", "ipfix=@export", "--", "--id=@export", "create", "IPFIX",
                      self._targets(), "sampling=1", "cache_active_timeout=1", "cache_max_flows=10000", "obs_domain_id=7")

    def _targets(self):
        return f'targets="{target(self.is_ipv6)}"'

    def _start(self, *command):
        self.processes.append(self.network.site.start("env", f"OVS_RUNDIR={self.folder}", *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def _set(self, *words):
        return self.network.site.run("env", f"OVS_RUNDIR={self.folder}", "ovs-vsctl", "--timeout=20",
                                     f"--db={self.database}", *words)

    def flush(self):
        # It has no command for it: flows go out when they have been idle for half a second, or active for one.
        time.sleep(3)
        if self.protocol == "ipfix":
            said = self.network.site.run("env", f"OVS_RUNDIR={self.folder}", "ovs-ofctl", "dump-ipfix-bridge", "bridge")
            self.said = int(re.search(r"ipfix: flows=(\d+), current flows=0,", said)[1])

    def said_flows(self):
        return self.said

    def close(self):
        for process in reversed(self.processes):
            end(process)
