"""Does a program's man page describe its options, and only those?

    man_matches_help.py PROGRAM PAGE.scd

In the page an option is a line that begins with it, *-b*, *--bind* _EP_, and its explanation follows, indented. Letter,
name and argument must be those that --help prints, and a default that --help names must stand in the explanation.
"""
import re
import subprocess
import sys
from collections import namedtuple

Option = namedtuple("Option", "heading text")

HELP_OPTION = re.compile(r"^ +((?:-\w, )?--[\w-]+(?: [A-Z][A-Z0-9_:/-]*)?)(?:  +(.*))?$")
HELP_DEFAULT = re.compile(r"\(default (.*)\)$")


def plain(text):
    """Without scdoc's marks. An underscore may be one, so both sides lose it."""
    return re.sub(r"\\(.)", r"\1", text).replace("*", "").replace("_", "")


def name_of(heading):
    return re.search(r"--[\w-]+", heading).group(0)


def collect(lines, heading_of, is_text):
    """Options by name: a heading, then lines of text until something else comes."""
    options, current = {}, None
    for line in lines:
        heading, rest = heading_of(line)
        if heading:
            current = name_of(heading)
            options[current] = Option(heading, rest)
        elif current and is_text(line):
            options[current] = Option(options[current].heading, f"{options[current].text} {line.strip()}".strip())
        elif line.strip():
            current = None
    return options


def options_of_help(text):
    def heading_of(line):
        match = HELP_OPTION.match(line)
        return (plain(match.group(1)), match.group(2) or "") if match else (None, "")

    return collect(text.splitlines(), heading_of, lambda line: line.startswith(" " * 20))


def options_of_page(text):
    def heading_of(line):
        is_option = re.match(r"\*-", line) and "--" in line
        return (plain(line).strip(), "") if is_option else (None, "")

    return collect(text.splitlines(), heading_of, lambda line: line.startswith("\t"))


def differences(help_text, page_text):
    printed, written = options_of_help(help_text), options_of_page(page_text)
    if not printed:
        yield "--help lists no options"
    for name in sorted(printed.keys() | written.keys()):
        if name not in written:
            yield f"{name} is in --help but not in the page"
        elif name not in printed:
            yield f"{name} is in the page but not in --help"
        elif printed[name].heading != written[name].heading:
            yield f"{name}: --help has '{printed[name].heading}', the page '{written[name].heading}'"
        else:
            default = HELP_DEFAULT.search(printed[name].text)
            for value in re.split(r", else ", plain(default.group(1))) if default else []:
                if value not in plain(written[name].text):
                    yield f"{name}: the page does not name its default, {value}"


def main():
    program, page = sys.argv[1:]
    run = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=True)
    with open(page, encoding="utf-8") as source:
        found = list(differences(run.stdout, source.read()))
    for difference in found:
        print(f"{page}: {difference}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
