#!/usr/bin/env python3
"""The API fuzzed by its own description: fuzz_test.py HOSTSCOPE FOLDER [EXAMPLES]

schemathesis makes questions of docs/openapi.yaml, right ones and wrong ones, EXAMPLES (100) of each kind for each path, and
no answer may be a 5xx or other than described. Then the appliance must be alive, answer, and end as it should; a sanitizer's
report is an end that it should not have. With ASan:

    tests/console/fuzz_test.py build/asan/hostscope build/asan/schemathesis 300

schemathesis and what it needs come from PyPI once, as fuzz_requirements.txt has them, into a virtual environment in FOLDER.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

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


def main(hostscope, folder, examples="100"):
    folder = pathlib.Path(folder).resolve()
    reason = install(folder)
    if reason:
        return network.skip_or_fail(reason)
    with tempfile.TemporaryDirectory(prefix="hostscope-fuzz-") as scratch:
        appliance = Appliance(str(pathlib.Path(hostscope).resolve()), scratch, f"store: {{path: {scratch}/store}}\n")
        fuzzed = subprocess.run(
            [folder / "bin" / "schemathesis", "run", DESCRIPTION, "--base-url", f"http://127.0.0.1:{appliance.port}/api/v1",
             "--experimental", "openapi-3.1", "--checks", CHECKS, "--data-generation-method", "all",
             # A stream does not end: openapi_test.py and exporter/http's tests have it.
             "--exclude-path-regex", "/events$",
             "--hypothesis-max-examples", examples, "--hypothesis-seed", str(SEED), "--hypothesis-database", "none",
             "--hypothesis-suppress-health-check", "all", "--request-timeout", "20000"],
            cwd=scratch, env={**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE), "NO_COLOR": "1"})
        if appliance.process.poll() is not None:
            print(appliance.log()[-4000:])
            print(f"the appliance ended with {appliance.process.returncode}")
            return 1
        connection, answer = appliance.ask("/status")
        connection.close()
        status = appliance.stop()
        if answer.status != 200 or status != 0:
            print(appliance.log()[-4000:])
            print(f"afterwards /status was {answer.status}, and the appliance ended with {status}")
            return 1
        return fuzzed.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (3, 4) else __doc__)
