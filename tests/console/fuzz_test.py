#!/usr/bin/env python3
"""The API fuzzed by its own description: fuzz_test.py HOSTSCOPE FOLDER [EXAMPLES]

schemathesis makes questions of docs/openapi.yaml, right ones and wrong ones, with every kind of value and method, and EXAMPLES
(60) at random; no answer may be a 5xx or other than described. A good part of them has to be answered. Then the appliance must
be alive and end as it should; a sanitizer's report is an end that it should not have. With ASan:

    tests/console/fuzz_test.py build/asan/hostscope build/asan/schemathesis 100

schemathesis and what it needs come from PyPI once, as fuzz_requirements.txt has them, into a virtual environment in FOLDER.
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "exporters")]
import network  # noqa: E402
from appliance import Appliance  # noqa: E402

REQUIREMENTS = HERE / "fuzz_requirements.txt"
DESCRIPTION = HERE.parents[1] / "docs" / "openapi.yaml"
INSTALL_SECONDS = 400
SEED = 6
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def install(folder):
    """Returns why not."""
    stamp = folder / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    for command in ([sys.executable, "-m", "venv", "--clear", folder],
                    [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            return f"installing schemathesis did not end within {INSTALL_SECONDS} s"
        if done.returncode != 0:
            return f"installing schemathesis: {done.stdout.strip()[-500:]}"
    stamp.write_text(wanted)
    return ""


def responses(appliance):
    """How many by the class of their status."""
    with urllib.request.urlopen(f"http://127.0.0.1:{appliance.port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {name: int(count) for name, count in re.findall(r'^hostscope_http_responses_total\{class="(...)"\} (\d+)', text, re.M)}


def main(hostscope, folder, examples="60"):
    folder = pathlib.Path(folder).resolve()
    reason = install(folder)
    if reason:
        return network.skip_or_fail(reason)
    with tempfile.TemporaryDirectory(prefix="hostscope-fuzz-") as scratch:
        appliance = Appliance(str(pathlib.Path(hostscope).resolve()), scratch, f"store: {{path: {scratch}/store}}\n")
        fuzzed = subprocess.run(
            [folder / "bin" / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", DESCRIPTION, "--url", f"http://127.0.0.1:{appliance.port}/api/v1",
             "--checks", CHECKS, "--mode", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", examples,
             # Streams, which do not end by themselves: openapi_test.py and the tests of exporter/http have them.
             "--exclude-path-regex", "/(capture|events)$", "--warnings", "off", "--suppress-health-check", "all",
             "--seed", str(SEED), "--generation-database", "none", "--request-timeout", "20"],
            cwd=scratch, env={**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE), "NO_COLOR": "1"})
        if appliance.process.poll() is not None:
            print(appliance.log()[-4000:])
            print(f"the appliance ended with {appliance.process.returncode}")
            return 1
        answered = responses(appliance)
        status = appliance.stop()
        print(f"responses by class: {answered}; the appliance ended with {status}")
        is_good = status == 0 and answered["5xx"] == 0 and answered["2xx"] > sum(answered.values()) / 20
        if not is_good:
            print(appliance.log()[-4000:])
        return fuzzed.returncode or (0 if is_good else 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (3, 4) else __doc__)
