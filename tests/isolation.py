"""A network and a mount namespace of this process's own, whose devices, ports and mounts meet nobody's, and an appliance in
it."""
import ctypes
import json
import os
import signal
import subprocess
import time

PORT4, PEER4 = "10.77.0.1", "10.77.0.2"
START_SECONDS = 60
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def enter():
    """Raises OSError that says why it is not possible."""
    if os.geteuid() != 0:
        raise OSError("namespaces of its own need root")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0:
        raise OSError(f"no namespaces of its own: {os.strerror(ctypes.get_errno())}")
    for command in (["mount", "--make-rprivate", "/"], ["ip", "link", "set", "lo", "up"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def make_port():
    """A virtual cable: `port0` for an appliance that has the address PORT4, the kernel at the other end, which sends to it
    also while no appliance is there to answer ARP."""
    run("ip", "link", "add", "port0", "type", "veth", "peer", "name", "peer0")
    run("ip", "address", "add", f"{PEER4}/24", "dev", "peer0")
    for name in ("port0", "peer0"):
        run("ethtool", "-K", name, "tx", "off")
        run("ip", "link", "set", name, "up")
    mac = json.loads(run("ip", "-j", "link", "show", "port0"))[0]["address"]
    run("ip", "neighbour", "add", PORT4, "lladdr", mac, "dev", "peer0", "nud", "permanent")


def remove_port():
    run("ip", "link", "delete", "port0")


class Appliance:
    """`hostscope run` on port0, its log appended to a file."""

    def __init__(self, program, config, log, *more):
        before = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [program, "run", "-c", config, "--device", "net_af_packet0,iface=port0", "--address", PORT4, *map(str, more)],
                stdin=subprocess.DEVNULL, stderr=output, preexec_fn=die_with_parent)
        deadline = time.monotonic() + START_SECONDS
        while b"point exporters at" not in log.read_bytes()[before:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the appliance did not start:\n{log.read_text()}")
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As told to end. The exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)
