"""Many services with idle workers, and a long backlog: what they take at rest, and whether they slow the broker down."""
import time

from systems import Asking, Load, System, run_load, wait_until


def services(place, count, seconds, duration, progress=print):
    """A broker with a worker for each of `count` services: at rest, then loaded over all, then over one."""
    progress(f"{count} services, {count} workers")
    with System(place, "mdbroker") as system, Asking(system) as asking:
        with Load(place, system, "--role", "worker", "--workers", count, "--services", count):
            wait_until(lambda: asking.stats()["workers"] == count, "all workers are ready")
            before, at = system.cpu(), time.monotonic()
            time.sleep(seconds)
            rest = (system.cpu() - before) / (time.monotonic() - at)
            memory = system.memory()
            many = loaded(place, system, duration, "--services", count)
    with System(place, "mdbroker") as system, Asking(system) as asking:
        with Load(place, system, "--role", "worker", "--workers", count):
            wait_until(lambda: asking.stats()["workers"] == count, "all workers are ready")
            one = loaded(place, system, duration)
    with System(place, "mdbroker") as system:
        alone = run_load(place, system, "--duration", duration, "--warmup", 1000)["per_second"]
    return {"services": count, "cpu_ms_a_second_at_rest": rest * 1e3, "rss_bytes": memory, "per_second_over_all": many,
            "per_second_over_one": one, "ratio": many / one, "per_second_one_worker": alone}


def loaded(place, system, duration, *options):
    return run_load(place, system, "--role", "client", "--duration", duration, "--warmup", 1000, *options)["per_second"]


def backlog(place, count, duration, progress=print):
    """`count` requests wait before the first worker comes."""
    progress(f"a backlog of {count} requests")
    with System(place, "mdbroker") as system:
        steady = run_load(place, system, "--duration", duration, "--warmup", 1000)["per_second"]
    with System(place, "mdbroker") as system, Asking(system) as asking:
        asking.stats()
        before = system.memory()
        with Load(place, system, "--role", "client", "--count", count, "--window", count, "--timeout", 60000) as client:
            wait_until(lambda: asking.stats()["waiting"] == count, "all requests wait")
            grown = system.memory() - before
            with Load(place, system, "--role", "worker"):
                result = client.result()
        peak = system.memory("VmHWM")
    return {"requests": count, "bytes_a_request": grown / count, "rss_peak_bytes": peak,
            "reordered": result["requests"]["reordered"], "lost": result["requests"]["lost"],
            "drained_per_second": count / result["answering_seconds"], "steady_per_second": steady,
            "ratio": count / result["answering_seconds"] / steady}


def services_table(one):
    yield f"- {one['services']:,} services, as many idle workers: {one['cpu_ms_a_second_at_rest']:.1f} ms CPU a second at rest " \
          f"(wanted: at most 10), RSS {one['rss_bytes'] / 1e6:.1f} MB (at most 45)"
    yield f"- throughput over all of them: {one['per_second_over_all']:,.0f}/s, over one service with as many workers: " \
          f"{one['per_second_over_one']:,.0f}/s, ratio {one['ratio']:.2f} (at least 0.9); over one with one worker: " \
          f"{one['per_second_one_worker']:,.0f}/s"


def backlog_table(one):
    yield f"- a backlog of {one['requests']:,} requests: {one['bytes_a_request']:.0f} bytes of RSS each (wanted: at most 512), " \
          f"drained at {one['drained_per_second']:,.0f}/s, {one['ratio']:.2f} of the steady {one['steady_per_second']:,.0f}/s " \
          f"(at least 1), {one['reordered']} out of order, {one['lost']} lost"
