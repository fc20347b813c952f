"""mdbench against the real broker, and against one that is played by the test and spoils replies.

    mdbench_test.py MDBENCH MDBROKER [unittest arguments]
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

MDBENCH = MDBROKER = None
SOON_MS = 30000


class Programs(unittest.TestCase):
    def start(self, *command, **more):
        program = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(self.kill, program)
        return program

    def kill(self, program):
        if program.poll() is None:
            program.kill()
        program.communicate()

    def ends(self, program, code):
        """Its JSON."""
        out, errors = program.communicate(timeout=SOON_MS / 1000)
        self.assertEqual(program.returncode, code, errors + out)
        program.errors = errors
        return json.loads(out)


class WithQueues(Programs):
    """The queues stand beside mdbroker."""

    def check_queue(self, name, *options):
        directory = tempfile.TemporaryDirectory(prefix="keel.")
        self.addCleanup(directory.cleanup)
        ends = [f"ipc://{directory.name}/{end}" for end in "fb"]
        queue = self.start(os.path.join(os.path.dirname(MDBROKER), name), "-f", ends[0], "-b", ends[1])
        for _ in ends:
            self.assertIn("listening on", queue.stderr.readline())
        bench = self.start(MDBENCH, "--broker", ends[0], "--workers-at", ends[1], "--json", "--count", 500, *options)
        result = self.ends(bench, 0)
        self.assertEqual((result["ok"], result["requests"]["answered"]), (True, 500))

    def test_simple(self):
        self.check_queue("spqueue", "--simple", "--clients", 10, "--window", 1, "--workers", 3)

    def test_paranoid(self):
        self.check_queue("ppqueue", "--paranoid", "--clients", 3, "--window", 20, "--workers", 3, "--heartbeat", 50)


class WithBroker(Programs):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keel.")
        self.addCleanup(directory.cleanup)
        self.endpoint = f"ipc://{directory.name}/b"
        broker = self.start(MDBROKER, "--bind", self.endpoint)
        while "listening on" not in (line := broker.stderr.readline()):
            self.assertTrue(line, "the broker ended")

    def bench(self, *options):
        return self.start(MDBENCH, "--broker", self.endpoint, "--json", *options)

    def check_all_right(self, *options, count=500):
        result = self.ends(self.bench("--count", count, *options), 0)
        requests = result["requests"]
        self.assertTrue(result["ok"])
        self.assertEqual((requests["sent"], requests["answered"], requests["measured"]), (count, count, count))
        for kind in ("failed", "lost", "duplicated", "wrong", "misplaced"):
            self.assertEqual(requests[kind], 0, kind)
        latency = result["latency_us"]
        self.assertTrue(0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99.9"] <= latency["max"], latency)
        self.assertGreater(result["per_second"], 0)
        return result

    def test_each_request_is_answered(self):
        self.assertEqual(self.check_all_right()["echoed"], {"answered": 500, "dismissed": 0, "odd": 0})

    def test_one_at_a_time(self):
        self.check_all_right("--window", 1, "--credit", 1)

    def test_second_version(self):
        self.check_all_right("--mdp", 2)

    def test_options_frames(self):
        for version in (1, 2):
            self.check_all_right("--mdp", version, "--options")

    def test_many_clients_services_workers_and_threads(self):
        self.check_all_right("--clients", 20, "--window", 3, "--services", 7, "--workers", 10, "--worker-threads", 3,
                             "--io-threads", 2, "--spin", 20)

    def test_sizes(self):
        for size in ("16", "1K", "1M"):
            self.check_all_right("--size", size, count=30)

    def test_warmup_is_verified_but_not_measured(self):
        requests = self.ends(self.bench("--count", 100, "--warmup", 50), 0)["requests"]
        self.assertEqual((requests["answered"], requests["measured"]), (150, 100))

    def test_duration(self):
        result = self.ends(self.bench("--duration", 200, "--clients", 3, "--warmup", 10), 0)
        self.assertGreaterEqual(result["seconds"], 0.2)
        self.assertEqual(result["requests"]["sent"], result["requests"]["answered"])

    def test_two_processes(self):
        workers = self.bench("--role", "worker", "--workers", 2)
        self.assertNotIn("echoed", self.check_all_right("--role", "client"))
        workers.send_signal(signal.SIGTERM)
        self.assertEqual(self.ends(workers, 0)["echoed"]["answered"], 500)

    def test_failures_are_told_where_there_are_options(self):
        broker = self.start(MDBROKER, "--bind", self.endpoint + "2", "--request-ttl", 1)
        while "listening on" not in broker.stderr.readline():
            self.assertIsNone(broker.poll())
        bench = self.start(MDBENCH, "--broker", self.endpoint + "2", "--json", "--role", "client", "--options", "--count", 5)
        self.assertEqual(self.ends(bench, 1)["requests"]["failed"], 5)
        self.assertIn("the first with 404", bench.errors)

    def test_for_people(self):
        bench = self.start(MDBENCH, "--broker", self.endpoint, "--count", 10)
        out, _ = bench.communicate(timeout=SOON_MS / 1000)
        self.assertEqual(bench.returncode, 0)
        self.assertIn("10 sent, 10 answered, 0 failed, 0 lost", out)
        self.assertRegex(out, r"p50 [\d.]+, p90 [\d.]+, p99 [\d.]+, p99.9 [\d.]+, max [\d.]+ usec")


class PlayedBroker(Programs):
    """The test is the broker, and whatever stands behind it."""

    def setUp(self):
        self.context = zmq.Context()
        self.addCleanup(self.context.term)
        self.socket = self.context.socket(zmq.ROUTER)
        self.addCleanup(self.socket.close)
        self.socket.linger = 0
        self.endpoint = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def bench(self, *options, role="client", **more):
        return self.start(MDBENCH, "--broker", self.endpoint, "--json", "--role", role, "--timeout", 1500, *options, **more)

    def take(self):
        self.assertTrue(self.socket.poll(SOON_MS), "nothing came")
        return self.socket.recv_multipart()

    def answer(self, request):
        self.socket.send_multipart(request)


class ToClients(PlayedBroker):
    def run_spoiling(self, spoil, *options, count=10):
        """Echoes, but for the fourth request: spoil gives the messages to send instead."""
        bench = self.bench("--count", count, "--window", count, *options)
        for n in range(count):
            request = self.take()
            for message in spoil(request) if n == 3 else [request]:
                self.socket.send_multipart(message)
        result = self.ends(bench, 1)
        self.assertFalse(result["ok"])
        found = {kind: number for kind, number in result["requests"].items()
                 if number and kind in ("failed", "lost", "duplicated", "wrong", "misplaced")}
        self.assertIn(f"{result['requests']['answered']} of {count} requests answered rightly", bench.errors)
        return found, result["requests"]["answered"]

    def test_frames(self):
        bench = self.bench("--count", 1, "--service", "echo")
        request = self.take()
        self.assertEqual(request[1:4], [b"", b"MDPC01", b"echo"])
        self.assertEqual(len(request[4]), 64)
        self.answer(request)
        self.ends(bench, 0)

    def test_frames_of_the_second_version(self):
        bench = self.bench("--count", 1, "--mdp", 2)
        request = self.take()
        self.assertEqual(request[1:4], [b"MDPC02", b"\1", b"bench"])
        self.answer([request[0], b"MDPC02", b"\3", *request[3:]])
        self.ends(bench, 0)

    def test_frames_with_options(self):
        bench = self.bench("--count", 1, "--mdp", 2, "--options")
        request = self.take()
        self.assertEqual(request[1][:12], b"KEEL\1\1" + bytes(6))
        self.assertEqual((len(request[1]), request[2:5]), (20, [b"", b"MDPC02", b"\1"]))
        self.answer([*request[:3], b"MDPC02", b"\3", *request[5:]])
        self.ends(bench, 0)

    def test_frames_without_protocol(self):
        bench = self.bench("--count", 1, "--raw")
        request = self.take()
        self.assertEqual((len(request), request[1]), (3, b""))
        self.answer(request)
        self.ends(bench, 0)

    def test_a_cycle_by_way_of_titanic(self):
        uuid = b"0190A6E01B2C7D3E8F400123456789AB"
        bench = self.bench("--count", 1, "--titanic", "cycle")
        request = self.take()
        self.assertEqual((len(request[1]), request[2:6]), (20, [b"", b"MDPC01", b"titanic.request", b"bench"]))
        self.answer([*request[:5], b"200", uuid])
        for answer in [b"300"], [b"200", request[6]]:
            question = self.take()
            self.assertEqual(question[3:], [b"MDPC01", b"titanic.reply", uuid])
            self.assertEqual(question[1], request[1])
            self.answer([*question[:5], *answer])
        question = self.take()
        self.assertEqual(question[3:], [b"MDPC01", b"titanic.close", uuid])
        self.answer([*question[:5], b"200"])
        requests = self.ends(bench, 0)["requests"]
        self.assertEqual((requests["answered"], requests["pending"]), (1, 1))

    def test_what_titanic_refuses_has_failed(self):
        bench = self.bench("--count", 1, "--titanic", "request")
        self.answer([*self.take()[:5], b"500 the store is full"])
        self.assertEqual(self.ends(bench, 1)["requests"]["failed"], 1)
        self.assertIn("the first with 500 the store is full", bench.errors)

    def test_a_reply_by_way_of_titanic_that_is_anothers_is_wrong(self):
        bench = self.bench("--count", 1, "--titanic", "cycle")
        request = self.take()
        self.answer([*request[:5], b"200", b"0190A6E01B2C7D3E8F400123456789AB"])
        question = self.take()
        self.answer([*question[:5], b"200", request[6][:-1] + b"x"])
        self.assertEqual(self.ends(bench, 1)["requests"]["wrong"], 1)

    def test_services_in_turn(self):
        bench = self.bench("--count", 6, "--services", 3, "--window", 1)
        seen = []
        for _ in range(6):
            request = self.take()
            seen.append(request[3])
            self.answer(request)
        self.assertEqual(set(seen), {b"bench-0", b"bench-1", b"bench-2"})
        self.assertEqual(seen[:3], seen[3:])
        self.ends(bench, 0)

    def test_window_is_kept(self):
        bench = self.bench("--count", 20, "--window", 5)
        held = [self.take() for _ in range(5)]
        for _ in range(15):
            self.assertFalse(self.socket.poll(20))
            self.answer(held.pop())
            held.append(self.take())
        for request in held:
            self.answer(request)
        self.assertGreater(self.ends(bench, 0)["requests"]["reordered"], 0)

    def test_a_changed_byte_is_wrong(self):
        for at in (20, 63):
            def spoil(request, at=at):
                body = bytearray(request[-1])
                body[at] ^= 1
                return [[*request[:-1], bytes(body)]]
            self.assertEqual(self.run_spoiling(spoil), ({"wrong": 1}, 9))

    def test_another_service_is_wrong(self):
        found = self.run_spoiling(lambda request: [[*request[:3], b"other", request[4]]])
        self.assertEqual(found, ({"wrong": 1}, 9))

    def test_another_options_frame_is_wrong(self):
        found = self.run_spoiling(lambda request: [[request[0], request[1][:-1] + b"\xff", *request[2:]]], "--options")
        self.assertEqual(found, ({"wrong": 1}, 9))

    def test_another_size_is_wrong_and_leaves_the_request_unanswered(self):
        for change in (lambda body: body[:-1], lambda body: body + b"x", lambda body: b""):
            found = self.run_spoiling(lambda request: [[*request[:-1], change(request[-1])]])
            self.assertEqual(found, ({"wrong": 1, "lost": 1}, 9))

    def test_a_frame_more_or_less_is_wrong(self):
        for change in (lambda frames: [*frames, b"x"], lambda frames: frames[:-1], lambda frames: frames + [b"x"] * 50):
            found = self.run_spoiling(lambda request: [[request[0], *change(request[1:])]])
            self.assertEqual(found, ({"wrong": 1, "lost": 1}, 9))

    def test_a_reply_that_does_not_come_is_lost(self):
        self.assertEqual(self.run_spoiling(lambda request: []), ({"lost": 1}, 9))

    def test_a_second_reply_is_duplicated(self):
        self.assertEqual(self.run_spoiling(lambda request: [request, request]), ({"duplicated": 1}, 10))

    def test_a_reply_to_nothing_is_misplaced(self):
        def spoil(request):
            return [[*request[:-1], request[-1][:8] + (99).to_bytes(8, sys.byteorder) + request[-1][16:]], request]
        self.assertEqual(self.run_spoiling(spoil), ({"misplaced": 1}, 10))

    def test_a_reply_to_another_client_is_misplaced(self):
        bench = self.bench("--count", 2, "--clients", 2, "--window", 1)
        one, other = self.take(), self.take()
        self.answer([one[0], *other[1:]])
        self.answer(one)
        self.answer(other)
        self.assertEqual(self.ends(bench, 1)["requests"]["misplaced"], 1)

    def test_a_signal_ends_it_with_what_it_has(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            bench = self.bench("--count", 2, "--window", 1)
            self.answer(self.take())
            self.take()
            bench.send_signal(number)
            self.assertEqual(self.ends(bench, 1)["requests"]["answered"], 1)
            self.assertIn("interrupted", bench.errors)

    def test_silence_ends_it(self):
        bench = self.start(MDBENCH, "--broker", self.endpoint, "--json", "--role", "client", "--count", 1, "--timeout", 100)
        self.assertEqual(self.ends(bench, 1)["requests"]["lost"], 1)
        self.assertIn("no reply for 100 ms", bench.errors)

    def test_the_first_broker_that_answers_is_loaded(self):
        mute = self.context.socket(zmq.ROUTER)
        self.addCleanup(mute.close)
        port = mute.bind_to_random_port("tcp://127.0.0.1")
        brokers = f"tcp://127.0.0.1:{port},{self.endpoint}"
        bench = self.start(MDBENCH, "--json", "--role", "client", "--count", 1, "--timeout", 1000,
                           env={**os.environ, "KEEL_BROKER": brokers})
        request = self.take()
        self.assertEqual(request[3], b"mmi.service")
        self.answer([*request[:4], b"404"])
        self.answer(self.take())
        self.ends(bench, 0)
        self.assertEqual(mute.recv_multipart(zmq.DONTWAIT)[3], b"mmi.service")
        with self.assertRaises(zmq.Again):
            mute.recv_multipart(zmq.DONTWAIT)


class ToWorkers(PlayedBroker):
    def ready(self, *options):
        workers = self.bench(*options, role="worker")
        return workers, self.take()

    def stopped(self, workers):
        workers.send_signal(signal.SIGTERM)
        return self.ends(workers, 0)["echoed"]

    def test_it_echoes_and_leaves(self):
        workers, ready = self.ready("--credit", 7, "--service", "echo")
        self.assertEqual(ready[1:], [b"", b"MDPW01", b"\1", b"echo", b"7"])
        self.socket.send_multipart([ready[0], b"", b"MDPW01", b"\2", b"token", b"", b"one", b"", b"three"])
        self.assertEqual(self.take()[1:], [b"", b"MDPW01", b"\3", b"token", b"", b"one", b"", b"three"])
        self.assertEqual(self.stopped(workers), {"answered": 1, "dismissed": 0, "odd": 0})
        self.assertEqual(self.take()[1:], [b"", b"MDPW01", b"\5"])

    def test_it_echoes_in_the_second_version(self):
        workers, ready = self.ready("--mdp", 2, "--credit", 1)
        self.assertEqual(ready[1:], [b"MDPW02", b"\1", b"bench"])
        self.socket.send_multipart([ready[0], b"MDPW02", b"\2", b"token", b"", b"body"])
        self.assertEqual(self.take()[1:], [b"MDPW02", b"\4", b"token", b"", b"body"])
        self.assertEqual(self.stopped(workers)["answered"], 1)
        self.assertEqual(self.take()[1:], [b"MDPW02", b"\6"])

    def test_it_heartbeats_and_comes_back_when_dismissed(self):
        _, ready = self.ready("--heartbeat", 50)
        self.assertEqual(self.take()[1:], [b"", b"MDPW01", b"\4"])
        self.socket.send_multipart([ready[0], b"", b"MDPW01", b"\5"])
        deadline = time.monotonic() + SOON_MS / 1000
        while (message := self.take()) != ready:
            self.assertEqual(message[1:], [b"", b"MDPW01", b"\4"])
            self.assertLess(time.monotonic(), deadline)

    def test_nonsense_is_counted(self):
        workers, ready = self.ready()
        nonsense = [[b""], [b"x"], [b"", b"MDPW01"], [b"", b"MDPW01", b"\2"], [b"", b"MDPW01", b"\7"], [b"", b"MDPC01", b"\2", b"x"],
                    [b"x"] * 100]
        for frames in nonsense:
            self.socket.send_multipart([ready[0], *frames])
        self.socket.send_multipart([ready[0], b"", b"MDPW01", b"\4"])
        self.socket.send_multipart([ready[0], b"", b"MDPW01", b"\2", b"token", b"", b"body"])
        self.assertEqual(self.take()[4], b"token")
        self.assertEqual(self.stopped(workers), {"answered": 1, "dismissed": 0, "odd": len(nonsense)})


class Usage(Programs):
    def test_what_does_not_go_together(self):
        for options in (["--role", "boss"], ["--services", 2], ["--raw", "--options"], ["--simple"], ["--raw", "--paranoid"], ["--service", "two words"],
                        ["--titanic", "odd"], ["--titanic", "cycle", "--raw"], ["--size", 15], ["--clients", 20000, "--window", 100000]):
            program = self.start(MDBENCH, *options)
            _, errors = program.communicate(timeout=SOON_MS / 1000)
            self.assertEqual(program.returncode, 64, errors)
            self.assertTrue(re.match("ERROR: ", errors), errors)


if __name__ == "__main__":
    MDBENCH, MDBROKER = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
