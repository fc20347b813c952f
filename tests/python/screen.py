"""A program in a terminal of its own, and what stands on its screen: as much of a terminal as curses asks of an xterm."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

TOKENS = re.compile(rb"\x1b\[([?>]?)([\d;]*)([@-~])|\x1b[()][0-9A-B]|\x1b[=>78]|\x1b(M)|\x1b\][^\x07]*\x07|([^\x1b])", re.S)


class Screen:
    def __init__(self, width, height):
        self.other = False        # on the alternate screen, as full-screen programs are
        self.unknown = []         # sequences that it does not know
        self.rest = b""
        self.resize(width, height)

    def resize(self, width, height):
        self.width, self.height = width, height
        self.x = self.y = 0
        self.cells = [[" "] * width for _ in range(height)]
        self.top, self.bottom, self.last = 0, height - 1, " "

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines())

    def feed(self, data):
        data, at = self.rest + data, 0
        while at < len(data):
            found = TOKENS.match(data, at)
            if not found:
                break
            at = found.end()
            if found.group(5):
                self.put(found.group(5).decode("latin-1"))
            elif found.group(4):
                self.back()
            elif found.group(3):
                self.order(found.group(1).decode(), [int(word or 0) for word in found.group(2).split(b";")], found.group(3).decode())
        self.rest = data[at:]

    def scroll(self, begin, rows):
        """Lines from begin to the region's end move up by so many; down when that is below 0."""
        for _ in range(abs(rows)):
            self.cells.pop(begin if rows > 0 else self.bottom)
            self.cells.insert(self.bottom if rows > 0 else begin, [" "] * self.width)

    def forth(self):
        if self.y == self.bottom:
            self.scroll(self.top, 1)
        else:
            self.y = min(self.y + 1, self.height - 1)

    def back(self):
        if self.y == self.top:
            self.scroll(self.top, -1)
        else:
            self.y = max(self.y - 1, 0)

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            self.forth()
        elif char == "\b":
            self.x = max(self.x - 1, 0)
        elif char >= " ":
            if self.x == self.width:             # written to the last column before: it wraps
                self.x = 0
                self.forth()
            self.cells[self.y][self.x] = self.last = char
            self.x += 1

    def blank(self, y, begin, end):
        for x in range(begin, min(end, self.width)):
            self.cells[y][x] = " "

    def order(self, mark, numbers, final):
        first, self.x = numbers[0], min(self.x, self.width - (final in "KJX@P"))
        if mark == "?":
            if first == 1049:
                self.other = final == "h"
        elif final == "H":
            row, column = (numbers + [1])[:2]
            self.y, self.x = min(max(row, 1), self.height) - 1, min(max(column, 1), self.width) - 1
        elif final == "J" and first == 0 or final == "J" and first == 2:
            for y in range(self.y if first == 0 else 0, self.height):
                self.blank(y, self.x if y == self.y and first == 0 else 0, self.width)
        elif final == "K":
            self.blank(self.y, self.x if first == 0 else 0, self.width if first == 0 else self.x + 1)
        elif final in "ABCD":
            step = max(first, 1)
            self.y = min(max(self.y + {"A": -step, "B": step}.get(final, 0), 0), self.height - 1)
            self.x = min(max(self.x + {"C": step, "D": -step}.get(final, 0), 0), self.width - 1)
        elif final == "G":
            self.x = min(max(first, 1), self.width) - 1
        elif final == "d":
            self.y = min(max(first, 1), self.height) - 1
        elif final == "X":
            self.blank(self.y, self.x, self.x + max(first, 1))
        elif final in "@P":
            row, count = self.cells[self.y], max(first, 1)
            blanks = [" "] * min(count, self.width - self.x)
            row[self.x:] = (blanks + row[self.x:] if final == "@" else row[self.x + count:] + blanks)[:self.width - self.x]
        elif final in "LMST":
            self.scroll(self.y if final in "LM" else self.top, max(first, 1) * (1 if final in "MS" else -1))
        elif final == "b":
            for _ in range(max(first, 1)):
                self.put(self.last)
        elif final == "r":
            self.top, self.bottom = max(first, 1) - 1, (numbers + [self.height])[1] - 1
            self.x = self.y = 0
        elif final not in "mhlt":
            self.unknown.append((mark, numbers, final))


class Terminal:
    """Runs a command at a terminal of its own. `screen` is what stands on it, once read () has seen it."""

    def __init__(self, command, width=80, height=24, env=None):
        self.screen = Screen(width, height)
        self.code = None
        self.bytes = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
                os.execvpe(command[0], command, env or os.environ)
            finally:
                os._exit(127)
        self.modes = None

    def read(self, seconds=0.05):
        """Takes what comes within that time. False at the end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.bytes += data
            self.screen.feed(data)
        return True

    def comes(self, seconds):
        """Does anything come within that time?"""
        before = len(self.bytes)
        self.read(seconds)
        return len(self.bytes) > before

    def shows(self, condition, what, seconds=15):
        """Reads until condition (the screen's text) holds, and returns what it gave."""
        end = time.monotonic() + seconds
        while True:
            value = condition(self.screen.text())
            if value:
                return value
            if time.monotonic() > end or not self.read(0.02):
                raise AssertionError(f"the screen never shows {what}:\n{self.screen.text()}")

    def keys(self, keys):
        os.write(self.fd, keys)

    def resize(self, width, height):
        self.screen.resize(width, height)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def is_raw(self):
        """Do keys come at once and unseen?"""
        modes = termios.tcgetattr(self.fd)[3]
        return not modes & (termios.ICANON | termios.ECHO)

    def signal(self, number):
        os.kill(self.pid, number)

    def exits(self, seconds=15):
        end = time.monotonic() + seconds
        while self.code is None:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"it still runs:\n{self.screen.text()}")
        self.read(0.02)
        return self.code

    def hang_up(self):
        os.close(self.fd)
        self.fd = -1

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)
