"""Programs and libraries from Maven Central for tests. Where they can't be had a suite is skipped, saying why; under
CI=true that is a failure."""
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


class Unavailable(Exception):
    """What is missing, in words."""


def skip_or_fail(reason):
    """The exit status of a suite that could not run."""
    if os.environ.get("CI") == "true":
        print(f"failed: {reason}", file=sys.stderr)
        return 1
    print(f"skipped: {reason}")
    return SKIPPED


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Unavailable(f"no {program} on this machine")


def fetch(pom, target, wanted):
    """The jars that `pom` depends on, in the folder `target`: fetched where no file there matches `wanted`."""
    if any(target.glob(wanted)):
        return target
    need("mvn")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Moved into place when complete, so that an interrupted run leaves nothing half done.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        jars = os.path.join(scratch, "lib")
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime",
                   f"-DoutputDirectory={jars}"]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            raise Unavailable("Maven Central did not answer within 10 minutes") from None
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stdout.splitlines()
            raise Unavailable(f"Maven could not fetch {target.name}: " + (lines[0] if lines else "no reason given"))
        if not target.exists():
            os.rename(jars, target)
    return target
