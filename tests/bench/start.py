"""How long a daemon takes until it tells systemd that it is ready, and how much memory it has at rest then."""
import os
import socket
import statistics
import time

from systems import SOON, Measured

#   What each is started with; every name in braces is a place of its own.
DAEMONS = {
    "mdbroker": ("--bind", "tcp://127.0.0.1:*", "--admin", "ipc://{admin}"),
    "titanic": ("--broker", "ipc://{broker}", "--data", "{data}", "--admin", "ipc://{admin}"),
    "spqueue": ("--frontend", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*"),
    "ppqueue": ("--frontend", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*"),
    "binarystar": ("--primary", "--frontend", "tcp://127.0.0.1:*", "--backend", "ipc://{server}", "--state-bind", "ipc://{here}",
                   "--state-peer", "ipc://{there}", "--state-file", "{epoch}"),
}


class Places(dict):
    """A path of its own for each name."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def __missing__(self, name):
        return self.setdefault(name, self.place.path(name))


def started(place, name, rest):
    """(msec to READY, bytes of RSS after `rest` seconds)"""
    path = place.path("notify")
    places = Places(place)
    arguments = [word.format_map(places) for word in DAEMONS[name]]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(SOON)
        os.environ["NOTIFY_SOCKET"] = path
        begin = time.perf_counter()
        with Measured(place, name, *arguments) as daemon:
            del os.environ["NOTIFY_SOCKET"]
            while b"READY=1" not in manager.recv(4096):
                pass
            ready = (time.perf_counter() - begin) * 1e3
            time.sleep(rest)
            return ready, daemon.memory()


def run(place, rounds, rest, progress=print):
    figures = {}
    for name in DAEMONS:
        progress(f"{name} starts {rounds} times")
        times, sizes = zip(*(started(place, name, rest) for _ in range(rounds)))
        figures[name] = {"ready_ms": statistics.median(times), "ready_ms_most": max(times), "rss_bytes": max(sizes)}
    return figures


def table(figures):
    yield "| daemon | start to READY, ms: median, longest (wanted: 50) | RSS at rest, MiB (wanted: 10) |"
    yield "|---|---|---|"
    for name, one in figures.items():
        yield f"| {name} | {one['ready_ms']:.1f}, {one['ready_ms_most']:.1f} | {one['rss_bytes'] / (1 << 20):.1f} |"
