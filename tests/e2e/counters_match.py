"""Does keel-counters(7) explain every gauge and counter that a broker gives, and no others?

    counters_match.py MDBROKER MDCTL PAGE.scd

In the page a counter is a line of its own, *answered*; those by reason are *malformed_by_reason.short*.
"""
import json
import os
import re
import subprocess
import sys
import tempfile


def names_given(mdbroker, mdctl):
    with tempfile.TemporaryDirectory(prefix="keel.") as folder:
        endpoint = f"ipc://{folder}/broker"
        with subprocess.Popen([mdbroker, "--bind", endpoint], stderr=subprocess.DEVNULL) as broker:
            try:
                answer = subprocess.run([mdctl, "--broker", endpoint, "--timeout", "20000", "--json", "stats"],
                                        capture_output=True, text=True, timeout=60, check=True)
            finally:
                broker.terminate()
    for name, value in json.loads(answer.stdout).items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{key}" for key in value)


def main():
    mdbroker, mdctl, page = sys.argv[1:]
    given = set(names_given(mdbroker, mdctl)) - {"malformed_by_reason"}
    with open(page, encoding="utf-8") as source:
        explained = re.findall(r"^\*([a-z0-9_.-]+)\*\n\t\S", source.read(), re.M)
    for name in sorted(given - set(explained)):
        print(f"{os.path.basename(page)}: {name} is not explained", file=sys.stderr)
    for name in sorted(set(explained) - given):
        print(f"{os.path.basename(page)}: {name} is explained, but mdbroker does not give it", file=sys.stderr)
    return 0 if given and given == set(explained) and len(explained) == len(given) else 1


if __name__ == "__main__":
    sys.exit(main())
