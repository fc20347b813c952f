"""Do a program's configuration page and example file say what its table of settings says?

    settings_match.py PRINT-SETTINGS PAGE.scd EXAMPLE.cfg

In the page a key is a line of its own, *heartbeat/interval*, and its explanation follows, indented, beginning with

    Unit: msec. Default: 2500. Range: 10 to 86400000. Reload: yes. Option: *--heartbeat*.

The example file has each key once, with its default and, in the comment behind it, its unit, range, and whether SIGHUP reloads it:

    interval = 2500                 # msec, 10 to 86400000, reload

"restart" stands for what is not reloaded. A key that has no default is an example, with "no default" after the range, and may be commented out.
"""
import json
import re
import subprocess
import sys
from collections import namedtuple

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

PAGE_KEY = re.compile(r"^\*([a-z]+/[a-z-]+)\*$")
PAGE_FACTS = re.compile(r"^\t(Unit: .*)$")
#   What is commented out looks as it would without its #.
FILE_LINE = re.compile(r'^(#?)(|    )([a-z-]+)(?: = (?:"([^"]*)"|([^ #]*)))?(?: +# (.*))? *$')


def number(text):
    """Of 64M, 67108864; other texts as they are."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text or "")
    return int(match.group(1)) * UNITS[match.group(2)] if match else text


def facts_of_table(entry):
    facts = {"Unit": entry["unit"], "Default": number(entry.get("default", "none")),
             "Reload": "yes" if entry["reload"] else "no", "Option": f"--{entry['option']}"}
    if "maximum" in entry:
        facts["Range"] = (entry["minimum"], entry["maximum"])
    return facts


def facts_of_line(line):
    """Unit: msec. Default: 2500. -> {"Unit": "msec", "Default": 2500}"""
    facts = dict(part.split(": ", 1) for part in re.split(r"\. (?=[A-Z])", line.replace("*", "").rstrip(".")))
    facts["Default"] = number(facts.get("Default"))
    if "Range" in facts:
        facts["Range"] = tuple(number(end) for end in facts["Range"].split(" to "))
    return facts


def facts_of_page(text):
    current = None
    for line in text.splitlines():
        heading, facts = PAGE_KEY.match(line), PAGE_FACTS.match(line)
        if heading:
            current = heading.group(1)
            yield current, {}
        elif facts and current:
            yield current, facts_of_line(facts.group(1))
            current = None


Line = namedtuple("Line", "live value comment")


def facts_of_comment(comment):
    """msec, 10 to 86400000, reload -> {"Unit": "msec", "Range": (10, 86400000), "Reload": "yes"}"""
    unit, *rest = (comment or "").split(", ")
    facts = {"Unit": unit, "Reload": {"reload": "yes", "restart": "no"}.get(rest.pop() if rest else None)}
    if rest and " to " in rest[0]:
        facts["Range"] = tuple(number(end) for end in rest.pop(0).split(" to "))
    return {**facts, "Default": ", ".join(rest)} if rest else facts


def lines_of_file(text):
    """(key, line) of each key, also of those that are commented out. The daemon says whether it is well formed; here it is known to be."""
    section = None
    for line in text.splitlines():
        words = FILE_LINE.match(line)
        if not words:
            continue
        off, indent, name, quoted, plain, comment = words.groups()
        if not indent:
            section = name
        if quoted is not None or plain is not None:
            yield f"{section}/{name}" if indent else name, Line(not off, plain if quoted is None else quoted, comment)


def differences_of_example(wanted, example):
    lines = list(lines_of_file(example))
    given = dict(lines)
    for key in sorted(wanted.keys() | given.keys()):
        if key not in given:
            yield f"{key} is in the table but not in the example"
            continue
        if key not in wanted:
            yield f"{key} is in the example but not in the table"
            continue
        facts, line = wanted[key], given[key]
        told = {name: fact for name, fact in facts.items() if name in ("Unit", "Range", "Reload")}
        if facts["Default"] == "none":
            told["Default"] = "no default"
        elif not line.live:
            yield f"{key} has a default, but is commented out in the example"
        elif number(line.value) != facts["Default"]:
            yield f"{key}: its default is {facts['Default']}, the example has {line.value}"
        if facts_of_comment(line.comment) != told:
            yield f"{key}: the table has {told}, the example {facts_of_comment(line.comment)}"
        if sum(name == key for name, _ in lines) > 1:
            yield f"{key} is in the example more than once"


def differences(table, page, example):
    wanted = {entry["key"]: facts_of_table(entry) for entry in table}
    written = dict(facts_of_page(page))
    for key in sorted(wanted.keys() | written.keys()):
        if key not in written:
            yield f"{key} is in the table but not in the page"
        elif key not in wanted:
            yield f"{key} is in the page but not in the table"
        elif written[key] != wanted[key]:
            yield f"{key}: the table has {wanted[key]}, the page {written[key]}"
    yield from differences_of_example(wanted, example)


def read(name):
    with open(name, encoding="utf-8") as source:
        return source.read()


def main():
    program, page, example = sys.argv[1:]
    table = json.loads(subprocess.run([program], capture_output=True, text=True, timeout=30, check=True).stdout)
    found = list(differences(table, read(page), read(example)))
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found or not table else 0


if __name__ == "__main__":
    sys.exit(main())
