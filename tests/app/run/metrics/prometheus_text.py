"""A strict reader of Prometheus' text format (version 0.0.4), stricter than Prometheus: what it takes leniently
is an error here."""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Family:
    def __init__(self, name, help_text):
        self.name = name
        self.help = help_text
        self.type = None
        self.samples = []  # (suffix, labels, value)

    def values(self, **labels):
        """Values of the samples that have these labels, whatever others they have."""
        return [value for suffix, found, value in self.samples
                if suffix == "" and all(found.get(name) == text for name, text in labels.items())]

    def value(self, **labels):
        (value,) = self.values(**labels)
        return value

    def sum(self, **labels):
        return sum(self.values(**labels))


def unescape(text, is_label):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text) if is_label or "\\" in text else text


def parse_sample(line, family):
    name = NAME.match(line)
    if not name or not name[0].startswith(family.name):
        raise ValueError(f"not a sample of {family.name}: {line}")
    suffix = name[0][len(family.name):]
    if suffix not in SUFFIXES[family.type]:
        raise ValueError(f"no {family.type} has this: {line}")
    rest = line[name.end():]
    labels = {}
    if rest.startswith("{"):
        rest = rest[1:]
        while True:
            label = LABEL.match(rest)
            if not label or label[1] in labels:
                raise ValueError(f"labels: {line}")
            labels[label[1]] = unescape(label[2], True)
            rest = rest[label.end():]
            if rest.startswith("}"):
                rest = rest[1:]
                break
            if not rest.startswith(","):
                raise ValueError(f"labels: {line}")
            rest = rest[1:]
    number = re.fullmatch(r" (-?[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?|NaN|[-+]Inf)", rest)
    if not number:
        raise ValueError(f"value: {line}")
    text = number[1]
    value = int(text) if re.fullmatch(r"-?[0-9]+", text) else float(text)
    if family.type == "counter" and value < 0:
        raise ValueError(f"a counter below zero: {line}")
    return suffix, labels, value


def check_histogram(family):
    groups = {}
    for suffix, labels, value in family.samples:
        rest = tuple(sorted((name, text) for name, text in labels.items() if name != "le"))
        groups.setdefault(rest, []).append((suffix, labels.get("le"), value))
    for rest, samples in groups.items():
        buckets = [(float(bound), value) for suffix, bound, value in samples if suffix == "_bucket"]
        counts = [value for suffix, _, value in samples if suffix == "_count"]
        sums = [value for suffix, _, value in samples if suffix == "_sum"]
        if len(counts) != 1 or len(sums) != 1 or not buckets or buckets[-1] != (float("inf"), counts[0]):
            raise ValueError(f"{family.name}{rest}: not a whole histogram")
        if buckets != sorted(buckets) or [b for _, b in buckets] != sorted(b for _, b in buckets):
            raise ValueError(f"{family.name}{rest}: buckets fall")


def parse(text):
    """Families by name, in their order. Each has its help and its type before its samples, which are together."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no line feed")
    families = {}
    family = None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, help_text = line[len("# HELP "):].split(" ", 1)
            if not NAME.fullmatch(name) or name in families:
                raise ValueError(f"again, or no name: {line}")
            family = families[name] = Family(name, unescape(help_text, False))
        elif line.startswith("# TYPE "):
            name, kind = line[len("# TYPE "):].split(" ")
            if family is None or name != family.name or family.type is not None or kind not in SUFFIXES:
                raise ValueError(f"out of place: {line}")
            if (kind == "counter") != name.endswith("_total"):
                raise ValueError(f"counters, and they alone, end in _total: {line}")
            family.type = kind
        else:
            if family is None or family.type is None:
                raise ValueError(f"before its type: {line}")
            sample = parse_sample(line, family)
            if any(sample[:2] == other[:2] for other in family.samples):
                raise ValueError(f"given twice: {line}")
            family.samples.append(sample)
    for family in families.values():
        if family.type is None:
            raise ValueError(f"{family.name} has no type")
        if family.type == "histogram":
            check_histogram(family)
    return families
