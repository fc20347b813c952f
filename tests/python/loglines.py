"""Lines of the log as keel-log(7) has them, read strictly: what is no event of the page, or has a key that the page does not give it, is an error."""
import re
from collections import namedtuple

Line = namedtuple("Line", "level what pairs")

VALUE = r'(?:"(?:[^"\\\x00-\x1f\x7f-\xff]|\\(?:["\\n]|x[0-9a-f]{2}))*"|[!#-<>-\[\]-~]+)'
LINE = re.compile(rf'(ERROR|WARNING|NOTICE|INFO|DEBUG): ((?:pair: )?[^"=\\]+?)((?: [a-z-]+={VALUE})*)')
ANNOUNCED = re.compile(r"NOTICE: (listening on) \S+((?: [a-z-]+=\S+)*)|NOTICE: (stats) \{.*\}")
ESCAPE = re.compile(r"\\(x..|.)")


def plain(value):
    """The bytes that a value stands for."""
    if not value.startswith('"'):
        return value.encode("ascii")
    words = {"n": "\n"}
    return ESCAPE.sub(lambda escape: words.get(escape[1], chr(int(escape[1][1:], 16)) if escape[1][0] == "x" and len(escape[1]) == 3
                                               else escape[1]), value[1:-1]).encode("latin-1")


def parse(text):
    """A Line, or None."""
    known = ANNOUNCED.fullmatch(text)
    if known:
        return Line("NOTICE", known[1] or known[3], {})
    match = LINE.fullmatch(text)
    if not match:
        return None
    pairs = re.findall(rf" ([a-z-]+)=({VALUE})", match[3])
    names = [name for name, _ in pairs]
    return Line(match[1], match[2].removeprefix("pair: "), {name: plain(value) for name, value in pairs}) if len(set(names)) == len(names) else None
