"""A pair under steady load whose active one is killed: how long until the other one answers? And how long a handover pauses it."""
import contextlib
import os
import signal
import statistics
import subprocess
import threading
import time

import zmq

from systems import BenchError, wait_until


class Node:
    """One of a pair: mdbroker, or binarystar before an echo server that is a thread of ours."""

    def __init__(self, place, kind, role, ports, failover):
        self.kind, self.role = kind, role
        own, other = (("a", "b") if role == "primary" else ("b", "a"))
        self.front = ports[own + "front"]
        state = ["--" + role, "--state-bind", ports[own + "state"], "--state-peer", ports[other + "state"], "--failover", str(failover),
                 "--state-file", os.path.join(place.directory.name, ports[own + "file"])]
        if kind == "mdbroker":
            self.argv = [place.program(kind), "--bind", self.front, "--admin", ports[own + "admin"], "--heartbeat", "200", *state]
        else:
            self.argv = [place.program(kind), "--frontend", self.front, "--backend", ports[own + "back"], *state]
        self.log_path = place.path("log")
        self.process = None

    def start(self):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(self.argv, stderr=log)

    def said(self):
        with open(self.log_path) as log:
            return log.read()

    def is_active(self):
        """By what it said last."""
        said = [line for line in self.said().splitlines() if "pair: active" in line or "pair: passive" in line]
        return self.process and self.process.poll() is None and bool(said) and "pair: active" in said[-1]

    def kill(self):
        self.process.kill()
        self.process.wait()
        with open(self.log_path, "w"):
            pass

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


class Echo(threading.Thread):
    """A REP server."""

    def __init__(self, context, endpoint):
        super().__init__(daemon=True)
        self.socket, self.ending = context.socket(zmq.REP), False
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.start()

    def run(self):
        while not self.ending:
            if self.socket.poll(50):
                self.socket.send(self.socket.recv())
        self.socket.close()


class Lazy(threading.Thread):
    """A Lazy Pirate over both frontends of a binarystar pair: 50 ms a try. Notes when answers came."""

    def __init__(self, context, endpoints):
        super().__init__(daemon=True)
        self.context, self.endpoints, self.ending, self.answers = context, endpoints, False, []
        self.start()

    def run(self):
        at, socket = 0, None
        while not self.ending:
            if socket is None:
                socket = self.context.socket(zmq.REQ)
                socket.linger = 0
                socket.connect(self.endpoints[at])
            socket.send(b"x")
            if socket.poll(50):
                socket.recv()
                self.answers.append(time.monotonic())
                time.sleep(0.002)
                continue
            socket.close()
            socket, at = None, 1 - at

    def stop(self):
        self.ending = True


class Steady(threading.Thread):
    """mdclient, again and again; notes when answers came."""

    def __init__(self, place, endpoints):
        super().__init__(daemon=True)
        brokers = [word for endpoint in endpoints for word in ("--broker", endpoint)]
        self.process = subprocess.Popen(["stdbuf", "-oL", place.program("mdclient"), *brokers, "-n", "1000000000", "-t", "10000", "echo", "x"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.answers = []
        self.start()

    def run(self):
        for _ in self.process.stdout:
            self.answers.append(time.monotonic())

    def stop(self):
        self.process.kill()
        self.process.communicate()


def make_ports(place):
    place.made += 1
    names = [own + kind for own in "ab" for kind in ("front", "state", "admin", "back")]
    ports = {name: f"ipc://{place.path(name)}" for name in names}
    return {**ports, "afile": f"a.{place.made}.bstar", "bfile": f"b.{place.made}.bstar"}


@contextlib.contextmanager
def pair(place, kind, failover):
    """Both nodes, primary active, under steady load."""
    ports, context = make_ports(place), zmq.Context()
    nodes = [Node(place, kind, role, ports, failover) for role in ("primary", "backup")]
    fronts = [node.front for node in nodes]
    others = []
    for node in nodes:
        node.start()
    try:
        if kind == "mdbroker":
            brokers = [word for front in fronts for word in ("--broker", front)]
            for _ in range(2):
                others.append(subprocess.Popen([place.program("mdworker"), *brokers, "--heartbeat", "200", "echo"],
                                               stderr=subprocess.DEVNULL))
            load = Steady(place, fronts)
        else:
            servers = [Echo(context, ports["aback"]), Echo(context, ports["bback"])]
            load = Lazy(context, fronts)
        wait_until(lambda: len(load.answers) > 20, f"{kind} serves")
        yield nodes, load
        load.stop()
        if kind != "mdbroker":
            for server in servers:
                server.ending = True
    finally:
        for process in others:
            process.kill()
            process.wait()
        for node in nodes:
            node.stop()


def first_after(load, moment, seconds=60):
    return wait_until(lambda: next((at for at in load.answers[-50:] if at > moment), None), "the other one answers", seconds, 0.001)


def kills(place, kind, failover, count, progress=print):
    """The active one is killed `count` times; msec until the other's first answer."""
    progress(f"{kind}, failover {failover} ms, {count} kills")
    figures = []
    with pair(place, kind, failover) as (nodes, load):
        for _ in range(count):
            active = wait_until(lambda: next((node for node in nodes if node.is_active()), None), "one is active")
            other = next(node for node in nodes if node is not active)
            wait_until(lambda: "pair: passive" in other.said(), "the other one is passive")
            seen = len(load.answers)
            wait_until(lambda: len(load.answers) > seen + 5, "answers come")
            moment = time.monotonic()
            active.kill()
            moment_dead = time.monotonic()
            figures.append((first_after(load, moment_dead) - moment) * 1000)
            active.start()
            wait_until(lambda: other.is_active() and "pair: passive" in active.said(), "the killed one is back")
    return {"kind": kind, "failover_ms": failover, "kills": count, "median_ms": statistics.median(figures), "worst_ms": max(figures)}


def handovers(place, count, progress=print):
    """SIGUSR2 to the active one; msec of the longest pause between answers around it."""
    progress(f"mdbroker, {count} handovers")
    pauses = []
    with pair(place, "mdbroker", 2000) as (nodes, load):
        for _ in range(count):
            active = wait_until(lambda: next((node for node in nodes if node.is_active()), None), "one is active")
            other = next(node for node in nodes if node is not active)
            wait_until(lambda: not other.is_active() and "pair: passive" in other.said(), "the other one is passive")
            seen = len(load.answers)
            wait_until(lambda: len(load.answers) > seen + 5, "answers come")
            begin = len(load.answers) - 2
            active.process.send_signal(signal.SIGUSR2)
            wait_until(lambda: other.is_active() and not active.is_active(), "it has handed over")
            mark = len(load.answers)
            wait_until(lambda: len(load.answers) > mark + 20, "answers come from the other")
            around = load.answers[begin:]
            pauses.append(max(after - before for before, after in zip(around, around[1:])) * 1000)
        if load.process.poll() is not None:
            raise BenchError(f"a request failed: {load.process.stderr.read().decode()}")
    return {"handovers": count, "failed": 0, "median_ms": statistics.median(pauses), "worst_ms": max(pauses)}


def run(place, count, timeouts, progress=print):
    return {"kills": [kills(place, kind, failover, count, progress) for kind in ("mdbroker", "binarystar") for failover in timeouts],
            "handovers": handovers(place, count, progress)}


def table(figures):
    for one in figures["kills"]:
        yield f"- {one['kind']}, failover timeout {one['failover_ms']} ms, {one['kills']} kills: the other one's first answer after " \
              f"{one['median_ms']:.0f} ms (median), {one['worst_ms']:.0f} ms (worst; wanted: at most {one['failover_ms'] + 150})"
    one = figures["handovers"]
    yield f"- {one['handovers']} handovers under load: {one['failed']} requests failed, pause {one['median_ms']:.0f} ms (median), " \
          f"{one['worst_ms']:.0f} ms (worst; wanted: below 200)"
