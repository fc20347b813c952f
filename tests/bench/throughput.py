"""Requests a second and CPU time a request: the broker next to the yardsticks, in interleaved rounds."""
import statistics
from collections import namedtuple

from systems import System, run_load

Row = namedtuple("Row", "name clients window workers credit size spin over_proxy over_bare")

#   The targets: mdbroker over each yardstick. When it spins, the bare loop does too; zmq_proxy cannot.
ROWS = [
    Row("1 client, 1 outstanding, 1 worker", 1, 1, 1, 100, 64, 0, 0.95, 0.92),
    Row("the same, spin 300", 1, 1, 1, 100, 64, 300, 1.25, None),
    Row("1 client, 100 outstanding, 1 worker, credit 100", 1, 100, 1, 100, 64, 0, 0.60, 0.85),
    Row("1 client, 1000 outstanding, 4 workers, credit 100", 1, 1000, 4, 100, 64, 0, 0.45, 0.80),
    Row("100 clients, 1 outstanding each, 4 workers, credit 8", 100, 1, 4, 8, 64, 0, 0.85, 0.92),
    Row("1 KiB, 1 client, 100 outstanding, 4 workers, credit 100", 1, 100, 4, 100, 1024, 0, 0.70, 0.85),
    Row("64 KiB, the same", 1, 100, 4, 100, 65536, 0, 0.90, 0.95),
]
SYSTEMS = ("mdbroker", "proxy", "bare")

Sample = namedtuple("Sample", "rate cpu_us p50_us p99_us")


def options_of(row, duration):
    return ["--clients", row.clients, "--window", row.window, "--workers", row.workers, "--credit", row.credit, "--size",
            row.size, "--duration", duration, "--warmup", 2 * row.clients * row.window]


def measure(place, name, row, duration):
    with System(place, name, row.spin if name != "proxy" else 0) as system:
        before = system.cpu()
        result = run_load(place, system, *options_of(row, duration))
        used = system.cpu() - before
    latency = result["latency_us"]
    return Sample(result["per_second"], used * 1e6 / result["requests"]["sent"], latency["p50"], latency["p99"])


def ratio(rounds, over, of="mdbroker"):
    """Of the two that ran side by side, so that what slowed a whole round down slows both."""
    return statistics.median(one[of].rate / one[over].rate for one in rounds)


def median(rounds, name):
    return Sample(*(statistics.median(values) for values in zip(*(one[name] for one in rounds))))


def summary(row, rounds):
    medians = {name: median(rounds, name) for name in SYSTEMS}
    return {"load": row.name, "rounds": len(rounds), **{name: medians[name]._asdict() for name in SYSTEMS},
            "over_proxy": ratio(rounds, "proxy"), "over_proxy_wanted": row.over_proxy,
            "over_bare": ratio(rounds, "bare"), "over_bare_wanted": row.over_bare,
            "bare_over_proxy": statistics.median(one["bare"].rate / one["proxy"].rate for one in rounds)}


def play(place, rows, systems, rounds, duration, progress):
    """{row: [{system: Sample} of each round]}. Every round runs all rows on all systems; who is first takes turns."""
    done = {row: [] for row in rows}
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        first = number % len(systems)
        for row in rows:
            done[row].append({name: measure(place, name, row, duration) for name in systems[first:] + systems[:first]})
    return done


def run(place, rounds, duration, chosen=None, progress=print):
    """One summary a row."""
    rows = [row for n, row in enumerate(ROWS) if not chosen or n + 1 in chosen]
    return [summary(row, done) for row, done in play(place, rows, SYSTEMS, rounds, duration, progress).items()]


def against(value, wanted):
    return f"{value:.2f}" if wanted is None else f"{value:.2f} ({'>=' if value >= wanted else 'below'} {wanted:.2f})"


def table(summaries):
    yield "| load | requests/s: mdbroker, proxy, bare | mdbroker / proxy | mdbroker / bare | bare / proxy | CPU us a request | p50 us |"
    yield "|---|---|---|---|---|---|---|"
    for one in summaries:
        def each(key, form, row=one):
            return ", ".join(form.format(row[name][key]) for name in SYSTEMS)
        yield (f"| {one['load']} | {each('rate', '{:,.0f}')} | {against(one['over_proxy'], one['over_proxy_wanted'])} | "
               f"{against(one['over_bare'], one['over_bare_wanted'])} | {one['bare_over_proxy']:.2f} | "
               f"{each('cpu_us', '{:.2f}')} | {each('p50_us', '{:.0f}')} |")
