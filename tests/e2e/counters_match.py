"""Does keel-counters(7) explain every gauge and counter that the brokers give, and no others?

    counters_match.py PAGE.scd PROGRAM...

In the page a counter is a line of its own, *answered*; those by reason are *malformed_by_reason.short*. What stands under a heading such as
ONLY SPQUEUE AND PPQUEUE is given by these programs alone, all else by each of them.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

ENDPOINTS = {"mdbroker": ["--bind"], "spqueue": ["--frontend", "--backend"], "ppqueue": ["--frontend", "--backend"]}


def report(program, options):
    """What it writes to the log for SIGUSR1, as JSON."""
    with subprocess.Popen([program, *options], stderr=subprocess.PIPE, text=True) as broker:
        try:
            for line in broker.stderr:
                if "listening on" in line:
                    broker.send_signal(signal.SIGUSR1)
                found = re.search(r"stats (\{.*\})", line)
                if found:
                    return json.loads(found.group(1))
        finally:
            with contextlib.suppress(ProcessLookupError):
                broker.kill()
    raise AssertionError(f"{program} says nothing for SIGUSR1")


def names_given(program):
    with tempfile.TemporaryDirectory(prefix="keel.") as folder:
        places = ENDPOINTS[os.path.basename(program)]
        options = [word for number, option in enumerate(places) for word in (option, f"ipc://{folder}/{number}")]
        for name, value in report(program, options).items():
            if isinstance(value, dict):
                yield from (f"{name}.{key}" for key in value)
            else:
                yield name


def names_explained(page, program):
    only = None
    for heading, name in re.findall(r"^(?:# (.*)|\*([a-z0-9_.-]+)\*\n\t\S.*)$", page, re.M):
        if heading:
            only = re.sub(r"^ONLY ", "", heading).lower().split(" and ") if heading.startswith("ONLY ") else None
        elif only is None or program in only:
            yield name


def differences(page, program, given):
    explained = list(names_explained(page, program))
    for name in sorted(given - set(explained)):
        yield f"{name} of {program} is not explained"
    for name in sorted(set(explained) - given):
        yield f"{name} is explained, but {program} does not give it"
    for name in sorted(set(explained)):
        if explained.count(name) > 1:
            yield f"{name} is explained more than once"


def main():
    name, *programs = sys.argv[1:]
    with open(name, encoding="utf-8") as source:
        page = source.read()
    failed = False
    for program in programs:
        given = set(names_given(program))
        found = list(differences(page, os.path.basename(program), given))
        for difference in found:
            print(f"{os.path.basename(name)}: {difference}", file=sys.stderr)
        failed |= bool(found) or not given
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
