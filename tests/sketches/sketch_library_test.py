#!/usr/bin/env python3
"""Our sketches and Apache DataSketches: sketch_library_test.py SKETCH_TOOL

The library reads what we write, writes the same again, and unites two of ours into what we unite them into, coupon by
coupon and register by register; we read whatever it writes. So figures are the same wherever the same estimator is
used. The library's own is another one, and the two differ by their error of estimation.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import maven  # noqa: E402

Pair = collections.namedtuple("Pair", "kind sizes sketches figures")  # of the first, the second and their union
Answer = collections.namedtuple("Answer", "sketches estimates composites union_state")

SET_START = 12
EXACT_UP_TO = 384
# Coupons have 26 bits, so the library corrects for two members with the same one: less than this up to 384 members.
LIST_AND_SET_TOLERANCE = 1e-4
# Ours is Ertl's improved raw estimator, theirs the composite: the same registers, each with an error of its own.
DENSE_TOLERANCE = 0.02


def fetch_library():
    version = re.search(r"datasketches-java</artifactId>\s*<version>([^<]+)", (HERE / "pom.xml").read_text()).group(1)
    default = HERE.parent.parent / "build" / f"datasketches-{version}"
    target = pathlib.Path(os.environ.get("HOSTSCOPE_DATASKETCHES_LIB", default)).resolve()
    maven.need("java", "javac")  # a program from its source needs the compiler
    return maven.fetch(HERE / "pom.xml", target, "datasketches-java-*.jar")


def run(command, lines=()):
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), stdout=subprocess.PIPE, text=True,
                          timeout=300, check=True)
    return done.stdout.splitlines()


def is_set(sketch):
    return sketch[7] & 3 == 1


def canonical(sketch):
    """With the coupons of a set in order: the library leaves them as they lie in its table."""
    if not is_set(sketch):
        return sketch
    places = range(SET_START, len(sketch), 4)
    coupons = sorted(int.from_bytes(sketch[at:at + 4], "little") for at in places)
    return sketch[:SET_START] + b"".join(coupon.to_bytes(4, "little") for coupon in coupons)


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pairs = []
        for line in run([sketch_tool, "write"]):
            kind, first, second, *rest = line.split()
            cls.pairs.append(Pair(kind, (int(first), int(second)), [bytes.fromhex(text) for text in rest[:3]],
                                  [int(text) for text in rest[3:]]))
        cls.answers = []
        for line in run(["java", "-cp", f"{library}/*", str(HERE / "UniteSketches.java")],
                        [f"{pair.sketches[0].hex()} {pair.sketches[1].hex()}" for pair in cls.pairs]):
            words = line.split()
            cls.answers.append(Answer([bytes.fromhex(words[at]) for at in (0, 3, 6)],
                                      [float(words[at]) for at in (1, 4, 7)], [float(words[at]) for at in (2, 5, 8)],
                                      bytes.fromhex(words[9])))
        if len(cls.pairs) < 600 or len(cls.answers) != len(cls.pairs):
            raise AssertionError(f"{len(cls.pairs)} pairs, {len(cls.answers)} answers")

    def same(self, first, second, pair):
        """Without the kilobytes of both."""
        if first != second:
            self.fail(f"{pair.kind} {pair.sizes}: {first.hex()[:100]}… is not {second.hex()[:100]}…")

    def read(self, sketches):
        """Figure and bytes of each, as our reader has them."""
        answers = run([sketch_tool, "read"], [sketch.hex() for sketch in sketches])
        self.assertEqual(len(answers), len(sketches))
        for line in answers:
            self.assertNotIn("refused", line)
        return [(int(line.split()[0]), bytes.fromhex(line.split()[1])) for line in answers]

    def test_the_library_writes_the_same_bytes_again(self):
        modes = collections.Counter()
        for pair, answer in zip(self.pairs, self.answers):
            for ours, theirs in zip(pair.sketches[:2], answer.sketches[:2]):
                self.same(canonical(theirs), ours, pair)
                modes[ours[7] & 3] += 1
        self.assertEqual(set(modes), {0, 1, 2})

    def test_a_union_by_the_library_is_ours(self):
        figures = self.read([answer.sketches[2] for answer in self.answers])
        states = self.read([answer.union_state for answer in self.answers])
        for pair, united, state in zip(self.pairs, figures, states):
            for figure, sketch in (united, state):
                self.same(sketch, pair.sketches[2], pair)
                self.assertEqual(figure, pair.figures[2])

    def test_the_library_estimates_the_same(self):
        worst = 0.0
        for pair, answer in zip(self.pairs, self.answers):
            for sketch, figure, estimate, composite in zip(pair.sketches, pair.figures, answer.estimates,
                                                           answer.composites):
                if sketch[7] & 3 != 2:
                    self.assertLessEqual(figure, EXACT_UP_TO)
                    for theirs in (estimate, composite):
                        self.assertEqual(round(theirs), figure, pair.sizes)
                        self.assertLessEqual(abs(theirs - figure), LIST_AND_SET_TOLERANCE * figure)
                    continue
                # Ours are out of order, so the library takes no estimate by history. A union that it made may have one.
                if sketch is not pair.sketches[2]:
                    self.assertEqual(estimate, composite)
                difference = abs(composite / figure - 1)
                self.assertLess(difference, DENSE_TOLERANCE, pair.sizes)
                worst = max(worst, difference)
        print(f"dense sketches: the library's composite estimate is at most {100 * worst:.2f} % from ours")

    def test_flags_and_modes_are_as_documented(self):
        for pair in self.pairs:
            for sketch in pair.sketches:
                self.assertEqual(sketch[5] & ~(4 | 8 | 16), 0)
                self.assertEqual(bool(sketch[5] & 16), sketch[7] & 3 == 2)
                self.assertEqual(bool(sketch[5] & 8), sketch[7] & 3 != 2)


if __name__ == "__main__":
    sketch_tool = sys.argv.pop(1)
    try:
        library = fetch_library()
    except maven.Unavailable as unavailable:
        sys.exit(maven.skip_or_fail(str(unavailable)))
    unittest.main(verbosity=2)
