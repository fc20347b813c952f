"""Measures mdbroker next to two yardsticks and titanic next to both, and prints tables. See README.md.

    bench.py --build build/release [throughput] [instructions] [services] [backlog] [pirates] [titanic] [pending] [failover] [freelance] [start]
"""
import argparse
import json
import os
import platform
import sys

import failover
import freelance
import instructions
import pirates
import scale
import start
import throughput
import titanic
from systems import BenchError, Place

PARTS = ("throughput", "instructions", "services", "backlog", "pirates", "titanic", "pending", "failover", "freelance", "start")


def options():
    parser = argparse.ArgumentParser(description="Measures mdbroker next to zmq_proxy and a bare MDP loop.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--quick", action="store_true", help="see that it works; its figures mean nothing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duration", type=int, default=1500, help="of one measurement, msec")
    parser.add_argument("--rows", type=lambda text: [int(word) for word in text.split(",")], help="of throughput: 1,3,...")
    parser.add_argument("--transport", choices=("tcp", "ipc"), default="tcp")
    parser.add_argument("--disk", metavar="DIRECTORY", help="titanic, pending: measure the disk that this is on")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--annotate", type=int, default=0, metavar="N", help="instructions: print the N dearest functions")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if given.quick:
        given.rounds, given.duration = 1, 50
    return given


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def show(lines):
    for line in lines:
        print(line)
    print(flush=True)


def measure(given, place, part):
    if part == "throughput":
        figures = throughput.run(place, given.rounds, given.duration, given.rows, progress)
        show(throughput.table(figures))
    elif part == "instructions":
        figures = instructions.run(place, 200 if given.quick else 10000, progress)
        show(instructions.table(figures))
        if given.annotate:
            show(instructions.annotate(figures[0], given.annotate))
    elif part == "services":
        figures = scale.services(place, 20 if given.quick else 1000, 0.1 if given.quick else 5, given.duration, progress)
        show(scale.services_table(figures))
    elif part == "pirates":
        figures = pirates.run(place, given.rounds, given.duration, 200 if given.quick else 10000, 20 if given.quick else 1000,
                              0.1 if given.quick else 5, progress)
        show(pirates.table(figures))
    elif part == "failover":
        figures = failover.run(place, 1 if given.quick else 20, (200,) if given.quick else (200, 2000), progress)
        show(failover.table(figures))
    elif part == "freelance":
        figures = freelance.run(place, given.rounds, given.duration, progress)
        show(freelance.table(figures))
    elif part == "start":
        figures = start.run(place, 1 if given.quick else 4 * given.rounds, 0.1 if given.quick else 1, progress)
        show(start.table(figures))
    elif part == "titanic":
        figures = titanic.run(place, given.rounds, given.duration, progress)
        show(titanic.table(figures))
    elif part == "pending":
        figures = titanic.pending(place, 1000 if given.quick else 1000000, 1000 if given.quick else 100000, given.duration, progress)
        show(titanic.pending_table(figures))
    else:
        figures = scale.backlog(place, 500 if given.quick else 100000, given.duration, progress)
        show(scale.backlog_table(figures))
    return figures


def main():
    given = options()
    place = Place(os.path.abspath(given.build), given.transport, given.disk)
    figures = {"machine": {"cpus": os.cpu_count(), "kernel": platform.release(), "arch": platform.machine()}}
    try:
        for part in given.parts or PARTS:
            figures[part] = measure(given, place, part)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        with open(given.json, "w") as out:
            json.dump(figures, out, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
