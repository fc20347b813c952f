"""Instructions and allocations a request, in user space, as callgrind counts them.

Each load runs twice, short and long: what the difference costs is what its requests cost, start and end cancel out.
"""
import collections
import re
import subprocess

from systems import System, run_load

LOADS = {"200 outstanding, 4 workers, credit 100": (200, 4, 27000), "1 outstanding, 1 worker": (1, 1, 34000)}
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
NAMED = re.compile(r"^(c?fn|c?ob|c?fi|fe|fl)=\((\d+)\)(?: (.*))?$")
SPACES = {"fn": "fn", "cfn": "fn", "ob": "ob", "cob": "ob"}


def allocations(lines):
    """Calls of allocators by the object file that makes them."""
    names, calls, current, callee = {}, collections.Counter(), "", ""
    for line in lines:
        if match := NAMED.match(line):
            kind, number, name = match.groups()
            key = (SPACES.get(kind, "file"), number)
            if name:
                names[key] = name
            if kind == "ob":
                current = names[key]
            elif kind == "cfn":
                callee = names[key].split("'")[0]
        elif line.startswith("calls=") and callee in ALLOCATORS:
            calls[current.rsplit("/", 1)[-1]] += int(line[6:].split()[0])
    return calls


def profile(place, name, count, *options):
    """The file that callgrind wrote, and what it counted."""
    path = place.path("callgrind")
    valgrind = ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={path}")
    with System(place, name, under=valgrind) as system:
        run_load(place, system, "--count", count, "--timeout", 120000, *options)
    with open(path) as out:
        lines = out.read().splitlines()
    total = next(int(line.split()[1]) for line in lines if line.startswith(("summary:", "totals:")))
    return path, total, allocations(lines)


def each_request(place, name, requests, *options):
    """Instructions, allocations and those of them by Keel a request, and the longer run's profile."""
    _, short, short_calls = profile(place, name, requests // 5, *options)
    path, long, long_calls = profile(place, name, requests // 5 + requests, *options)
    each = {by: (long_calls[by] - short_calls[by]) / requests for by in long_calls}
    own = sum(count for by, count in each.items() if by == name or by.startswith("libkeel"))
    return {"system": name, "instructions": (long - short) / requests, "profile": path, "own_allocations": own,
            "allocations": sum(each.values())}


def measure(place, name, load, requests):
    window, workers, wanted = LOADS[load]
    figures = each_request(place, name, requests, "--window", window, "--workers", workers, "--credit", 100)
    if name != "mdbroker":
        figures["own_allocations"] = wanted = None
    return {"load": load, "wanted": wanted, **figures}


def run(place, requests, progress=print):
    results = []
    for load, (window, _, _) in LOADS.items():
        for name in ("mdbroker", "bare"):
            progress(f"callgrind: {name}, {load}")
            results.append(measure(place, name, load, requests if window > 1 else requests // 4))
    return results


def table(results):
    yield "| load | system | instructions a request | allocations a request | of those by Keel |"
    yield "|---|---|---|---|---|"
    for one in results:
        wanted = f" (wanted: at most {one['wanted']:,})" if one["wanted"] else ""
        own = "" if one["own_allocations"] is None else f"{one['own_allocations']:.3f}"
        yield (f"| {one['load']} | {one['system']} | {one['instructions']:,.0f}{wanted} | {one['allocations']:.2f} | {own} |")


def annotate(result, lines):
    """Where the instructions of a whole run go, start included: by object file, then the dearest functions."""
    out = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", result["profile"]], capture_output=True,
                         text=True, check=True).stdout
    costs = [(int(cost.replace(",", "")), where) for cost, where in re.findall(r"^ *([\d,]+) \([ \d.]+%\)  (.+)$", out, re.M)]
    total, functions = costs[0][0], costs[1:]
    objects = collections.Counter()
    for cost, where in functions:
        found = re.search(r"\[(?:.*/)?([^/]+)\]$", where)
        objects[found.group(1) if found else "?"] += cost
    yield f"{result['system']}, {result['load']}: " + ", ".join(
        f"{name} {cost / total:.1%}" for name, cost in objects.most_common() if cost * 1000 > total)
    for cost, where in functions[:lines]:
        yield f"  {cost / total:6.2%} {where}"
    yield "  of Keel's own:"
    for cost, where in [one for one in functions if one[1].endswith(f"/{result['system']}]")][:lines]:
        yield f"  {cost / total:6.2%} {where.rsplit(' [', 1)[0]}"
