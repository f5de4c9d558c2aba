"""Network namespaces for tests, joined by virtual cables; they go with everything in them.

    left ──┐                 left and right talk to each other,
           site ── collector     site sees that, and exports to the collector's address
    right ─┘

`site` routes between the two, or leaves that to a switch that a test starts there. What a namespace's processes are is
ended with it: a process that outlives its starter would hold it.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

PROGRAMS = ("ip", "nsenter", "ethtool", "sysctl")
PREFIX = "hsx"
COLLECTOR4, COLLECTOR6 = "10.77.0.1", "fd77::1"
SITE4, SITE6 = "10.77.0.2", "fd77::2"
# The hosts of each side; the site's own address there is the last.
LEFT = ["10.77.1.1", "10.77.1.2", "10.77.1.3"]
RIGHT = ["10.77.2.1", "10.77.2.2", "10.77.2.3"]
LEFT6 = ["fd77:1::1", "fd77:1::2"]
RIGHT6 = ["fd77:2::1", "fd77:2::2"]


def run(command, check=True, timeout=30):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}: {done.stdout}")
    return done.stdout


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def wait_for(condition, what, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
    return found


class Namespace:
    """A network namespace by its short name; `ip -n` and nsenter know it by the full one."""

    def __init__(self, network, name):
        self.name = f"{PREFIX}-{network}-{name}"
        run(["ip", "netns", "add", self.name])
        self.ip("link", "set", "lo", "up")
        self.sysctl("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.accept_ra=0",
                    "net.ipv6.conf.default.router_solicitations=0")

    def ip(self, *words):
        return run(["ip", "-n", self.name, *words])

    def sysctl(self, *settings):
        self.run("sysctl", "-qw", *settings)

    def inside(self, *command):
        # Not `ip netns exec`, which puts another /sys before the program.
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *(str(word) for word in command)]

    def run(self, *command, check=True, timeout=30):
        return run(self.inside(*command), check, timeout)

    def start(self, *command, **popen):
        """A process that ends with this test at the latest."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.inside(*command), preexec_fn=die_with_parent, text=True, **popen)

    def device(self, name, *addresses):
        # Segments as they are on a wire, with their checksums: what counts packets counts real ones.
        self.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        for address in addresses:
            self.ip("address", "add", address, "dev", name)
        self.ip("link", "set", name, "up")


def remove(name):
    """A namespace by its full name, with its processes."""
    for pid in run(["ip", "netns", "pids", name], check=False).split():
        if pid.isdigit():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
    run(["ip", "netns", "delete", name], check=False)


def remove_abandoned():
    """What a run that was killed left: namespaces of test processes that are no more."""
    folder = pathlib.Path("/run/netns")
    for path in folder.glob(f"{PREFIX}-*-*") if folder.exists() else []:
        owner = path.name.split("-")[1]
        if not pathlib.Path(f"/proc/{owner}").exists():
            remove(path.name)


class Network:
    """The namespaces above. With `is_routed`, the site is a router between left and right. With `has_wire`, there
    is another one, `wire`, between site and collector, and one more behind it, `tagged`; wire.py must join its interfaces."""

    def __init__(self, is_routed=True, has_wire=False, mtu=1500):
        self.spaces = []
        self.mtu = mtu
        try:
            self._make(is_routed, has_wire)
        except BaseException:
            self.close()
            raise

    def _make(self, is_routed, has_wire):
        for name in ("collector", "site", "left", "right", *(["wire", "tagged"] if has_wire else [])):
            space = Namespace(os.getpid(), name)
            self.spaces.append(space)
            setattr(self, name, space)
        if has_wire:
            self._join(self.collector, "port0", self.wire, "inside")
            self._join(self.wire, "outside", self.site, "uplink")
            self._join(self.wire, "access", self.tagged, "uplink")
            for name in ("inside", "outside", "access"):
                self.wire.sysctl(f"net.ipv6.conf.{name}.disable_ipv6=1")
                self.wire.device(name)
                self.wire.ip("link", "set", name, "promisc", "on")
        else:
            self._join(self.collector, "port0", self.site, "uplink")
        self._join(self.left, "wire", self.site, "left")
        self._join(self.right, "wire", self.site, "right")
        self.collector.device("port0")
        # The collector has no kernel address: the appliance answers for its own.
        self.collector.sysctl("net.ipv6.conf.port0.disable_ipv6=1")
        self.site.device("uplink", f"{SITE4}/24", f"{SITE6}/64")
        self.left.device("wire", *(f"{each}/24" for each in LEFT), *(f"{each}/64" for each in LEFT6))
        self.right.device("wire", *(f"{each}/24" for each in RIGHT), *(f"{each}/64" for each in RIGHT6))
        if is_routed:
            self._route()
        else:
            self._bridge()

    def _join(self, one, one_name, other, other_name):
        run(["ip", "link", "add", "name", one_name, "mtu", self.mtu, "netns", one.name, "type", "veth", "peer", "name",
             other_name, "mtu", self.mtu, "netns", other.name])

    def _route(self):
        self.site.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.send_redirects=0")
        for space, number in ((self.left, 1), (self.right, 2)):
            self.site.device("left" if space is self.left else "right", f"10.77.{number}.254/24", f"fd77:{number}::fe/64")
            space.ip("route", "add", "default", "via", f"10.77.{number}.254")
            space.ip("-6", "route", "add", "default", "via", f"fd77:{number}::fe")

    def _bridge(self):
        for name in ("left", "right"):
            self.site.device(name)
            self.site.sysctl(f"net.ipv6.conf.{name}.disable_ipv6=1")
        for space, number in ((self.left, 2), (self.right, 1)):
            space.ip("route", "add", f"10.77.{number}.0/24", "dev", "wire")
            space.ip("-6", "route", "add", f"fd77:{number}::/64", "dev", "wire")

    def close(self):
        for space in self.spaces:
            remove(space.name)
        self.spaces = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def why_unavailable(programs):
    """What is missing to make networks and run these programs in them; empty if nothing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        return f"not on this machine: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        remove_abandoned()
        Network().close()
    except (OSError, RuntimeError) as error:
        return f"no network namespaces here: {error}"
    return ""


def skip_or_fail(reason):
    """The exit status of a suite that could not run."""
    if os.environ.get("CI") == "true":
        print(f"failed: {reason}")
        return 1
    print(f"skipped: {reason}")
    return 77
