"""Does keel-log(7) list every event that the code writes to the log, and no others?

    events_match.py PAGE.scd FOLDER...

In the page an event is a line of its own, *worker expired*, and its explanation follows, indented, beginning with its level, and its keys if it has
any: "WARNING. Keys: _service_, _worker_. ". In the code it is the text that a call of one of CALLS is given, or a note_line_t begins with.
"""
import os
import re
import sys
from collections import namedtuple

Event = namedtuple("Event", "level keys")

#   Which argument says what happened.
CALLS = {"log_event": 1, "log_seldom": 3, "note_worker_lost": 1, "say": 2, "say_trouble": 1}
CALL = re.compile(r"\b(" + "|".join(CALLS) + r") \((?!.*\n\{)")
NOTE = re.compile(r"note_line_t(?:\)| note =) ?\{\"([^\"]+)\"")
COMPLAINT = re.compile(r"text_t line = text_over [^\n]*\n(?:[^\n]*\n){0,3}?\s*text_add \(&line, \"([^\"]+)\"\);\n\s*text_add_pair")
OTHERS = ["active", "passive",           # bstar_state_name's
          "log lines lost, nobody read them"]
PAGE_EVENT = re.compile(r"^\*(.+)\*\n\t([A-Z]+)\.(?: Keys: ([^.]*)\.)?", re.M)


def arguments(text, start):
    """Those of a call, as they are written; text[start] is behind its parenthesis."""
    parts, depth, begin, at = [], 0, start, start
    while depth >= 0:
        at += len(re.match(r'"(?:\\.|[^"\\])*"|.', text[at:], re.S).group(0))
        last = text[at - 1]
        depth += (last in "({[") - (last in ")}]")
        if (last == "," and depth == 0) or depth < 0:
            parts.append(text[begin:at - 1])
            begin = at
    return parts


def events_of_code(text):
    for call in CALL.finditer(text):
        parts = arguments(text, call.end())
        where = CALLS[call.group(1)]
        if where < len(parts) and (call.group(1) != "say" or re.search("KEEL_LOG_|NOTE_", parts[1])):
            yield from re.findall(r'"((?:\\.|[^"\\])*)"', parts[where])
    yield from NOTE.findall(text)
    yield from COMPLAINT.findall(text)


def events_of_page(page):
    return {name: Event(level, re.findall(r"_([a-z-]+)_", keys or "")) for name, level, keys in PAGE_EVENT.findall(page)
            if not re.search(r"\* _", name)}


def sources(folders):
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                if name.endswith(".c"):
                    with open(os.path.join(place, name), encoding="utf-8") as source:
                        yield source.read()


def differences(page, texts):
    written, listed = set(OTHERS), set(events_of_page(page))
    for text in texts:
        written.update(events_of_code(text))
    for name in sorted(written - listed):
        yield f"'{name}' is written to the log, but not in the page"
    for name in sorted(listed - written):
        yield f"'{name}' is in the page, but nothing in the code writes it"


def main():
    page, *folders = sys.argv[1:]
    with open(page, encoding="utf-8") as source:
        found = list(differences(source.read(), sources(folders)))
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
