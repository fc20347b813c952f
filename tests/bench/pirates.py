"""The Pirates' queues next to mdbroker with workers of credit 1, and a thousand idle workers."""
import json
import re
import signal
import time

from instructions import each_request
from systems import Load, System, wait_until
from throughput import Row, median, options_of, play, ratio

SYSTEMS = ("mdbroker", "spqueue", "ppqueue")
ROW = Row("100 clients, 1 outstanding each, 16 workers, credit 1", 100, 1, 16, 1, 64, 0, None, None)


def stats(system):
    """What it writes to its log when it is asked to."""
    before = system.said().count("stats {")
    system.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: system.said().count("stats {") > before, "the queue writes its counters")
    return json.loads(re.findall(r"stats (\{.*\})", system.said())[-1])


def idle(place, workers, seconds):
    """CPU time, msec a second, of a queue with so many workers that only heartbeat."""
    with System(place, "ppqueue") as system, Load(place, system, "--role", "worker", "--workers", workers):
        wait_until(lambda: stats(system)["workers"] == workers, "all workers are ready")
        before, at = system.cpu(), time.monotonic()
        time.sleep(seconds)
        used = (system.cpu() - before) / (time.monotonic() - at)
        return {"workers": workers, "cpu_ms_a_second": used * 1e3, "rss_bytes": system.memory()}


def run(place, rounds, duration, requests, workers, seconds, progress=print):
    done = play(place, [ROW], SYSTEMS, rounds, duration, progress)[ROW]
    load = [word for word in options_of(ROW, duration) if word not in ("--duration", duration)]
    figures = {"load": ROW.name, "rounds": rounds, "systems": {}}
    for name in SYSTEMS:
        progress(f"callgrind: {name}")
        figures["systems"][name] = {**median(done, name)._asdict(), "over_mdbroker": ratio(done, "mdbroker", name),
                                    **each_request(place, name, requests, *load)}
    progress(f"{workers} idle workers")
    figures["idle"] = idle(place, workers, seconds)
    return figures


def table(figures):
    yield f"{figures['load']}:"
    yield ""
    yield "| queue | requests/s | / mdbroker (wanted: >= 1) | CPU us a request | p50 us | instructions a request | allocations by Keel |"
    yield "|---|---|---|---|---|---|---|"
    for name, one in figures["systems"].items():
        yield (f"| {name} | {one['rate']:,.0f} | {one['over_mdbroker']:.2f} | {one['cpu_us']:.2f} | {one['p50_us']:.0f} | "
               f"{one['instructions']:,.0f} | {one['own_allocations']:.3f} |")
    one = figures["idle"]
    yield ""
    yield f"- ppqueue with {one['workers']:,} idle workers: {one['cpu_ms_a_second']:.1f} ms CPU a second (wanted: at most 10), " \
          f"RSS {one['rss_bytes'] / 1e6:.1f} MB"
