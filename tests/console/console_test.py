#!/usr/bin/env python3
"""The console in a real browser, with the running appliance: console_test.py HOSTSCOPE

Makes a network namespace with a virtual cable, in which browser_test.mjs runs the appliance, sends it flow records, and
drives Chromium. With HOSTSCOPE_SCREENSHOTS=FOLDER it makes the pictures of docs/console.md instead.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "exporters"))
import network  # noqa: E402

PROGRAMS = ("node", "npm", "chromium")
NPM_SECONDS = 120
TEST_SECONDS = 500


def install(folder):
    """playwright-core, as package-lock.json has it. Returns why not."""
    for name in ("package.json", "package-lock.json", "browser_test.mjs", "screenshots.mjs", "appliance.mjs"):
        shutil.copy(HERE / name, folder)
    try:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm ci did not end within {NPM_SECONDS} s"
    return f"npm ci: {done.stdout.strip()}" if done.returncode != 0 else ""


def main(hostscope):
    reason = network.why_unavailable((*network.PROGRAMS, *PROGRAMS))
    if reason:
        return network.skip_or_fail(reason)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="hostscope-console-") as folder:
        reason = install(folder)
        if reason:
            return network.skip_or_fail(reason)
        space = network.Namespace(os.getpid(), "console")
        try:
            space.ip("link", "add", "port0", "type", "veth", "peer", "name", "cable")
            space.device("port0")
            space.device("cable", "10.77.0.2/24")
            script = "screenshots.mjs" if "HOSTSCOPE_SCREENSHOTS" in os.environ else "browser_test.mjs"
            process = space.start("node", *(["--test"] if script == "browser_test.mjs" else []), script, cwd=folder,
                                  env={**os.environ, "HOSTSCOPE": str(pathlib.Path(hostscope).resolve()), "TZ": "UTC"})
            return process.wait(timeout=TEST_SECONDS)
        finally:
            network.remove(space.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
