"""mdclient against a broker that is a bare ROUTER, played by the test.

    mdclient_test.py MDCLIENT [unittest arguments]
"""
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

MDCLIENT = None
SOON_MS = 10000


class Broker:
    """Answers by hand. Envelopes are [routing id][options][""] unless stock. A port of its own might be one that a client of another
    test still looks for; a path is not."""

    def __init__(self, context, endpoint="ipc://*"):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def take(self):
        """The next request. A client that has other brokers asks one that is slow whether it is there at all: it is."""
        while self.socket.poll(SOON_MS):
            request = self.socket.recv_multipart()
            if service_of(request) != b"mmi.service":
                return request
            self.answer(request, b"404")
        raise AssertionError("no request came")

    def silent(self, msec):
        return not self.socket.poll(msec)

    def answer(self, request, *body, command=b"\3", service=None):
        envelope, command_frames = split(request)
        head = [b"MDPC01"] if command_frames[0] == b"MDPC01" else [b"MDPC02", command]
        self.socket.send_multipart([*envelope, *head, service or service_of(request), *body])

    def close(self):
        self.socket.close()


def split(request):
    at = request.index(b"", 1) + 1
    return request[:at], request[at:]


def service_of(request):
    command = split(request)[1]
    return command[1] if command[0] == b"MDPC01" else command[2]


def body_of(request):
    command = split(request)[1]
    return command[2:] if command[0] == b"MDPC01" else command[3:]


class MdclientTest(unittest.TestCase):
    def setUp(self):
        self.context = zmq.Context()
        self.addCleanup(self.context.term)
        self.broker = self.new_broker()

    def new_broker(self, *endpoint):
        broker = Broker(self.context, *endpoint)
        self.addCleanup(broker.close)
        return broker

    def start(self, *words, brokers=None, stdin=None, environment=None):
        options = [word for broker in brokers or [self.broker] for word in ("--broker", broker.endpoint)]
        if environment:
            options = []
        program = subprocess.Popen([MDCLIENT, *options, *words], stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, **(environment or {})})
        self.addCleanup(self.stop, program)
        if stdin:
            program.stdin.write(stdin)
            program.stdin.close()
            program.stdin = None
        return program

    def stop(self, program):
        if program.poll() is None:
            program.kill()
        program.communicate()

    def ends(self, program, code, out=b""):
        """Its stderr."""
        got, err = program.communicate(timeout=20)
        self.assertEqual((program.returncode, got), (code, out), err)
        return err.decode()

    def test_prints_each_frame_on_a_line(self):
        program = self.start("echo", "one", "", "three")
        request = self.broker.take()
        self.assertEqual(body_of(request), [b"one", b"", b"three"])
        self.broker.answer(request, b"1", b"", b"3")
        self.assertEqual(self.ends(program, 0, b"1\n\n3\n"), "")

    def test_without_a_frame_sends_an_empty_one(self):
        program = self.start("echo")
        request = self.broker.take()
        self.assertEqual(body_of(request), [b""])
        self.broker.answer(request, b"x")
        self.ends(program, 0, b"x\n")

    def test_reads_a_frame_from_stdin_whole(self):
        data = bytes(range(256)) * 1000
        program = self.start("echo", "a", "-", stdin=data)
        request = self.broker.take()
        self.assertEqual(body_of(request), [b"a", data])
        self.broker.answer(request, data)
        self.ends(program, 0, data + b"\n")

    def test_sends_options_with_a_ttl_within_the_try(self):
        program = self.start("-t", "4000", "echo", "x")
        request = self.broker.take()
        magic, flags, ttl = struct.unpack(">5sB2xI8x", request[1])
        self.assertEqual((magic, flags), (b"KEEL\1", 1))
        self.assertTrue(2000 <= ttl < 4000, ttl)
        self.assertEqual(split(request)[1][:3], [b"MDPC02", b"\1", b"echo"])
        self.broker.answer(request, b"x")
        self.ends(program, 0, b"x\n")

    def test_speaks_the_first_version(self):
        program = self.start("--mdp", "1", "echo", "x")
        request = self.broker.take()
        self.assertEqual(split(request)[1], [b"MDPC01", b"echo", b"x"])
        self.broker.answer(request, b"y")
        self.ends(program, 0, b"y\n")

    def test_prints_partial_answers_as_they_come(self):
        program = self.start("echo", "x")
        request = self.broker.take()
        for part in (b"one", b"two"):
            self.broker.answer(request, part, command=b"\2")
            self.assertEqual(program.stdout.readline(), part + b"\n")
        self.broker.answer(request, b"end")
        self.ends(program, 0, b"end\n")

    def test_counts(self):
        program = self.start("-n", "3", "echo", "x")
        for n in range(3):
            self.broker.answer(self.broker.take(), b"%d" % n)
        self.ends(program, 0, b"0\n1\n2\n")

    def test_takes_no_answer_that_is_not_its_own(self):
        program = self.start("echo", "x")
        request = self.broker.take()
        other = request[:1] + [request[1][:-1] + bytes([request[1][-1] ^ 64])] + request[2:]
        self.broker.answer(other, b"wrong")
        self.broker.answer([request[0], b""] + split(request)[1], b"wrong")
        self.broker.socket.send_multipart([request[0], b"", b"nonsense"])
        self.broker.answer(request, b"right")
        self.ends(program, 0, b"right\n")

    def test_a_notice_is_exit_1_with_its_words(self):
        for code, reason in ((b"404", b"no worker for the service"), (b"403", b"not allowed"), (b"504", b"too late")):
            program = self.start("echo", "x")
            self.broker.answer(self.broker.take(), code, reason, b"echo", service=b"mmi.error")
            err = self.ends(program, 1)
            self.assertIn(f"{code.decode()} {reason.decode()}", err)

    def test_refused_goes_to_the_next_broker(self):
        other = self.new_broker()
        program = self.start("-t", "60000", "echo", "x", brokers=[self.broker, other])
        self.broker.answer(self.broker.take(), b"503", b"draining", b"echo", service=b"mmi.error")
        other.answer(other.take(), b"y")
        self.ends(program, 0, b"y\n")

    def test_tries_again_and_takes_a_late_answer(self):
        program = self.start("-t", "300", "-r", "3", "echo", "x")
        first, second = self.broker.take(), self.broker.take()
        self.assertNotEqual(first[1], second[1])
        self.assertEqual(body_of(first), body_of(second))
        self.broker.answer(second, b"y")
        self.ends(program, 0, b"y\n")

    def test_gives_up_when_nothing_answers(self):
        program = self.start("-t", "100", "-r", "2", "echo", "x")
        err = self.ends(program, 1)
        self.assertIn(self.broker.endpoint, err)
        tries = 0
        while not self.broker.silent(0 if tries else SOON_MS):
            self.broker.take()
            tries += 1
        self.assertTrue(1 <= tries <= 3, tries)

    def test_moves_on_when_a_broker_goes(self):
        with tempfile.TemporaryDirectory(prefix="keel.") as folder:
            broker, other = self.new_broker(f"ipc://{folder}/a"), self.new_broker(f"ipc://{folder}/b")
            program = self.start("-t", "60000", "-n", "2", "echo", "x", brokers=[broker, other])
            broker.take()
            broker.close()
            for n in range(2):
                other.answer(other.take(), b"%d" % n)
            self.ends(program, 0, b"0\n1\n")

    def test_stock_sends_what_the_rfc_has(self):
        program = self.start("--stock", "-t", "200", "echo", "x")
        first, second = self.broker.take(), self.broker.take()
        self.assertEqual(first[1:], [b"", b"MDPC01", b"echo", b"x"])
        self.assertNotEqual(first[0], second[0])     # a fresh connection
        while program.poll() is None:               # an answer to a try that is over goes nowhere
            self.broker.answer(second, b"y")
            if not self.broker.silent(100):
                second = self.broker.take()
        self.ends(program, 0, b"y\n")

    def test_brokers_come_from_the_environment(self):
        program = self.start("-t", "300", "echo", "x",
                             environment={"KEEL_BROKER": f"ipc:///nonexistent/keel,{self.broker.endpoint}"})
        self.broker.answer(self.broker.take(), b"y")
        self.ends(program, 0, b"y\n")

    def test_wrong_usage_is_64(self):
        for words in ([], ["--no-such", "echo"], ["-t", "0", "echo"], ["-t", "soon", "echo"], ["--mdp", "3", "echo"],
                      ["--broker", "nonsense", "echo"], ["--broker", "inproc://x", "echo"], ["a b"], [""],
                      ["echo", "-", "-"]):
            self.assertTrue(self.ends(self.start(*words), 64), words)

    def test_an_interrupt_ends_it(self):
        program = self.start("-t", "60000", "echo", "x")
        self.broker.take()
        start = time.monotonic()
        program.send_signal(2)
        program.wait(10)
        self.assertNotEqual(program.returncode, 0)
        self.assertLess(time.monotonic() - start, 10)

    def test_an_answer_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            program = subprocess.Popen([MDCLIENT, "--broker", self.broker.endpoint, "echo", "x"], stdout=full,
                                       stderr=subprocess.PIPE)
            self.addCleanup(self.stop, program)
            self.broker.answer(self.broker.take(), b"y")
            _, err = program.communicate(timeout=20)
        self.assertEqual(program.returncode, 1)
        self.assertIn(b"cannot write", err)


if __name__ == "__main__":
    MDCLIENT = sys.argv.pop(1)
    unittest.main()
