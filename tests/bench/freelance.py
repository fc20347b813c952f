"""libkeel's Freelance classes next to a bare DEALER and ROUTER that echo, and two servers next to one."""
import json
import statistics
import subprocess

from systems import BenchError, Measured, wait_until

WINDOW = 100
SLEEP_US = 1000


class Server(Measured):
    def __init__(self, place, name, *arguments):
        super().__init__(place, name, *arguments)
        try:
            self.endpoint = wait_until(lambda: self.listening(1), f"{name} listens")[0]
        except BenchError:
            self.stop()
            raise


def load(place, kind, servers, window, duration):
    command = [place.program("bench_freelance"), kind, ",".join(server.endpoint for server in servers), window, duration]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise BenchError(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


def echo(place, rounds, duration):
    """Turn by turn, so that both meet the same machine."""
    with Server(place, "bench_freelance", "echo", place.endpoint()) as bare, \
         Server(place, "flserver", "--bind", place.endpoint()) as keel:
        runs = [{(kind, window): load(place, kind, [server], window, duration)
                 for window in (1, WINDOW) for kind, server in (("dealer", bare), ("client", keel))} for _ in range(rounds)]
    figures = {f"{kind} {window}": {key: statistics.median(run[kind, window][key] for run in runs) for key in runs[0][kind, window]}
               for kind, window in runs[0]}
    figures["rate_ratio"] = statistics.median(run["client", WINDOW]["rate"] / run["dealer", WINDOW]["rate"] for run in runs)
    figures["p50_ratio"] = statistics.median(run["client", 1]["p50_us"] / run["dealer", 1]["p50_us"] for run in runs)
    return figures


def scale(place, rounds, duration):
    with Server(place, "bench_freelance", "sleep", place.endpoint(), SLEEP_US) as one, \
         Server(place, "bench_freelance", "sleep", place.endpoint(), SLEEP_US) as other:
        runs = [(load(place, "client", [one], 16, duration)["rate"], load(place, "client", [one, other], 16, duration)["rate"])
                for _ in range(rounds)]
    return {"one": statistics.median(run[0] for run in runs), "two": statistics.median(run[1] for run in runs),
            "ratio": statistics.median(run[1] / run[0] for run in runs)}


def run(place, rounds, duration, progress=print):
    progress(f"echo, {rounds} rounds")
    figures = {"echo": echo(place, rounds, duration)}
    progress("two servers next to one")
    figures["scale"] = scale(place, rounds, duration)
    return figures


def table(figures):
    one, two = figures["echo"], figures["scale"]
    yield f"| 64 bytes | requests/s, {WINDOW} outstanding | p50 us, 1 outstanding |"
    yield "|---|---|---|"
    for name, kind in (("bare DEALER and ROUTER", "dealer"), ("keel_freelance and flserver", "client")):
        yield f"| {name} | {one[f'{kind} {WINDOW}']['rate']:,.0f} | {one[f'{kind} 1']['p50_us']:.1f} |"
    yield f"| ratio (wanted: >= 0.6; <= 1.2) | {one['rate_ratio']:.2f} | {one['p50_ratio']:.2f} |"
    yield ""
    yield f"- servers that take {SLEEP_US} us a request: one {two['one']:,.0f}/s, two {two['two']:,.0f}/s, " \
          f"{two['ratio']:.2f} times as many (wanted: >= 1.9)"
