"""systemd's side of a daemon, for tests: a socket that it notifies, and sockets that are held while it restarts."""
import fcntl
import os
import socket
import sys
import time

import keeltest


class Manager:
    """Hears what daemons tell systemd. A datagram is one dict, STATUS=... and so on."""

    def __init__(self, case, watchdog_ms=None):
        self.path = case.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        case.addCleanup(self.socket.close)
        self.env = {"NOTIFY_SOCKET": self.path}
        if watchdog_ms:
            self.env["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        self.heard = []           # (when, dict)

    def next(self, seconds):
        """None: nothing was told within that time."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            text = self.socket.recv(65536).decode()
        except TimeoutError:
            return None
        told = dict(line.split("=", 1) for line in text.splitlines())
        self.heard.append((time.monotonic(), told))
        return told

    def told(self, what, condition, seconds=keeltest.DEADLINE):
        """The first thing told from now on of which that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self.next(end - time.monotonic())
            if told and condition(told):
                return told
        raise AssertionError(f"{what} was never told, but {self.heard[-20:]}")

    def word(self, word):
        return self.told(word, lambda told: word in told)

    def status(self, *words):
        """A status line with all of these words in it."""
        return self.told(f"a status with {words}", lambda told: all(word in told.get("STATUS", "") for word in words))["STATUS"]

    def silence(self, seconds):
        """What was already on its way is let through; then nothing may come."""
        while self.next(0):
            pass
        told = self.next(seconds)
        if told:
            raise AssertionError(f"{told} was told, and nothing should have been")


class Sockets:
    """Sockets that listen, and outlive the daemons they are passed to, as those of a socket unit do."""

    def __init__(self, case, *endpoints):
        """endpoints: (address, port) or the path of a local one."""
        self.sockets = []
        for endpoint in endpoints:
            local = isinstance(endpoint, str)
            made = socket.socket(socket.AF_UNIX if local else socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET)
            case.addCleanup(made.close)
            if not local:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(endpoint)
            made.listen(4096)
            self.sockets.append(made)

    def port(self, index=0):
        return self.sockets[index].getsockname()[1]

    def options(self):
        """For keeltest.Program: they are descriptors 3 and up, and LISTEN_PID is the daemon's."""
        fds = [made.fileno() for made in self.sockets]
        names = ":".join(f"test{n}.socket" for n in range(len(fds)))
        return {"wrap": [*keeltest.INTERPRETER, os.path.abspath(__file__), ",".join(map(str, fds)), names], "pass_fds": fds}


def become_activated(fds, names, command):
    """Moves the descriptors to 3 and up, and becomes the daemon."""
    kept = [fcntl.fcntl(fd, fcntl.F_DUPFD, 3 + len(fds)) for fd in fds]         # so that none is in another one's way
    for number, fd in enumerate(kept):
        os.dup2(fd, 3 + number, inheritable=True)
    os.closerange(3 + len(kept), max(kept + fds) + 1)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
    os.execv(command[0], command)


if __name__ == "__main__":
    become_activated([int(fd) for fd in sys.argv[1].split(",")], sys.argv[2], sys.argv[3:])
