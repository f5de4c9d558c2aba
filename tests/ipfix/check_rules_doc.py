#!/usr/bin/env python3
"""Holds docs/decoding-rules.md and the tests together: rules are numbered without a gap, each names tests, every test it
names is there and is of that rule by its name, and every test of a rule is named.

  tests/ipfix/check_rules_doc.py [--doc FILE] [--tests FOLDER]

Exit status 1 when something is wrong.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = 32

parser = argparse.ArgumentParser()
parser.add_argument("--doc", type=pathlib.Path, default=ROOT / "docs/decoding-rules.md")
parser.add_argument("--tests", type=pathlib.Path, default=ROOT / "tests/ipfix")
arguments = parser.parse_args()

# "**12.** …" up to the next rule or heading.
found = re.findall(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d+\.\*\*|^#|\Z)", arguments.doc.read_text(), re.MULTILINE | re.DOTALL)
rules = {int(number): re.findall(r"`(\w+\.\w+)`", text.partition("\nTests:")[2]) for number, text in found}
sources = "\n".join(path.read_text() for path in sorted(arguments.tests.glob("*_test.cpp")))
tests = {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", sources, re.MULTILINE)}

problems = []
if [int(number) for number, _ in found] != list(range(1, RULES + 1)):
    problems.append(f"the rules are not numbered from 1 to {RULES}")
for number, named in rules.items():
    if not named:
        problems.append(f"rule {number} names no test")
    for test in named:
        if test not in tests:
            problems.append(f"rule {number} names {test}, which is not there")
        elif f".Rule{number:02}" not in test:
            problems.append(f"rule {number} names {test}, which is of another rule by its name")
named_anywhere = {test for named in rules.values() for test in named}
problems += [f"{test} is named by no rule" for test in sorted(tests - named_anywhere) if re.search(r"\.Rule\d", test)]

for problem in problems:
    print(f"{arguments.doc.name}: {problem}", file=sys.stderr)
print(f"check_rules_doc: {len(rules)} rules, {len(named_anywhere)} tests named, {len(problems)} problems")
sys.exit(1 if problems else 0)
