"""mdworker against a broker that is a bare ROUTER, played by the test.

    mdworker_test.py MDWORKER [unittest arguments]
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

import loopback

MDWORKER = None
SOON_S = 10
NAMES = {1: {b"\1": "READY", b"\3": "FINAL", b"\4": "HEARTBEAT", b"\5": "DISCONNECT"},
         2: {b"\1": "READY", b"\3": "PARTIAL", b"\4": "FINAL", b"\5": "HEARTBEAT", b"\6": "DISCONNECT"}}


class Broker:
    """Reads commands and sends them by hand; counts heartbeats and skips them."""

    def __init__(self, context, endpoint=loopback.ANY_PORT, version=2):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.version = version
        self.head = [b"", b"MDPW01"] if version == 1 else [b"MDPW02"]
        self.beats = 0
        self.peer = None

    def next(self, seconds=SOON_S):
        """(name, frames behind it) of the next command; None when time is up."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            self.peer, *frames = self.socket.recv_multipart()
            size = len(self.head)
            assert frames[:size] == self.head, frames
            name = NAMES[self.version][frames[size]]
            if name != "HEARTBEAT":
                return name, frames[size + 1:]
            self.beats += 1
        return None

    def expect(self, name, *frames):
        got = self.next()
        assert got == (name, list(frames)), f"{got}, not {name} {frames}"

    def send(self, number, *frames):
        self.socket.send_multipart([self.peer, *self.head, number, *frames])

    def request(self, token, *body):
        self.send(b"\2", token, b"", *body)

    def close(self):
        self.socket.close()


class MdworkerTest(unittest.TestCase):
    def setUp(self):
        self.context = zmq.Context()
        self.addCleanup(self.context.term)
        folder = tempfile.TemporaryDirectory(prefix="keel.")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.broker = self.new_broker()

    def new_broker(self, *arguments, **options):
        broker = Broker(self.context, *arguments, **options)
        self.addCleanup(broker.close)
        return broker

    def start(self, *words, brokers=None, environment=None):
        options = [word for broker in brokers or [self.broker.endpoint] for word in ("--broker", broker)]
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "w") as log:
            program = subprocess.Popen([MDWORKER, *([] if environment else options), *words], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(environment or {})})
        self.addCleanup(self.kill, program)
        return program

    @staticmethod
    def kill(program):
        if program.poll() is None:
            program.kill()
        program.wait()

    def logged(self):
        with open(self.log) as log:
            return log.read()

    def wait_for(self, condition, what):
        end = time.monotonic() + SOON_S
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.005)

    def ends(self, program, code=0):
        self.assertEqual(program.wait(SOON_S), code, self.logged())

    def stop(self, program):
        program.send_signal(signal.SIGTERM)
        self.broker.expect("DISCONNECT")
        self.ends(program)

    def test_echo(self):
        program = self.start("echo")
        self.broker.expect("READY", b"echo")
        for body in ([b"hello"], [b""], [b"a", b"", b"\0\xff"], [b"x" * (1 << 20)]):
            self.broker.request(b"token", *body)
            self.broker.expect("FINAL", b"token", b"", *body)
        self.stop(program)

    def test_mdp_1(self):
        self.broker = self.new_broker(version=1)
        program = self.start("--mdp", "1", "--concurrency", "7", "echo")
        self.broker.expect("READY", b"echo", b"7")
        self.broker.request(b"\0\1\2", b"hello")
        self.broker.expect("FINAL", b"\0\1\2", b"", b"hello")
        self.stop(program)

    def test_broker_of_the_environment(self):
        program = self.start("echo", environment={"KEEL_BROKER": "ipc:///nowhere/at/all," + self.broker.endpoint})
        self.broker.expect("READY", b"echo")
        self.stop(program)

    def test_command(self):
        program = self.start("upper", "--", "tr", "a-z", "A-Z")
        self.broker.expect("READY", b"upper")
        self.broker.request(b"t1", b"he", b"", b"llo")
        self.broker.expect("FINAL", b"t1", b"", b"HELLO")
        big = b"x" * (4 << 20)
        self.broker.request(b"t2", big)
        self.broker.expect("FINAL", b"t2", b"", big.upper())
        self.stop(program)

    def test_options_of_the_command_are_its_own(self):
        program = self.start("options", "--", "echo", "--version", "-v", "--", "x")
        self.broker.expect("READY", b"options")
        self.broker.request(b"t1", b"")
        self.broker.expect("FINAL", b"t1", b"", b"--version -v -- x\n")
        self.stop(program)

    def test_command_without_output_answers_one_empty_frame(self):
        program = self.start("silent", "--", "true")
        self.broker.expect("READY", b"silent")
        self.broker.request(b"t1", b"x" * 1000000)
        self.broker.expect("FINAL", b"t1", b"", b"")
        self.stop(program)

    def test_failing_command_gives_back(self):
        program = self.start("bad", "--", "sh", "-c", "echo because >&2; exit 3")
        self.broker.expect("READY", b"bad")
        for token in (b"t1", b"t2"):
            self.broker.request(token, b"x")
            self.broker.expect("DISCONNECT")
            self.broker.expect("READY", b"bad")
        self.assertRegex(self.logged(), "exit status 3.*because")
        self.stop(program)

    def test_command_that_cannot_be_run_gives_back(self):
        program = self.start("none", "--", "/no/such/command")
        self.broker.expect("READY", b"none")
        self.broker.request(b"t1", b"x")
        self.broker.expect("DISCONNECT")
        self.broker.expect("READY", b"none")
        self.assertIn('command=/no/such/command reason="cannot be run: ', self.logged())
        self.stop(program)

    def test_timeout_gives_back(self):
        program = self.start("--timeout", "100", "slow", "--", "sh", "-c", "sleep 1000 & sleep 1000")
        self.broker.expect("READY", b"slow")
        self.broker.request(b"t1", b"x")
        self.broker.expect("DISCONNECT")
        self.broker.expect("READY", b"slow")
        self.assertIn("no end within 100 ms", self.logged())
        self.stop(program)

    def test_failure_lets_others_finish(self):
        gate = os.path.join(self.folder, "gate")
        script = f"read -r what; test $what = good || exit 1; while test -d {self.folder} && ! test -e {gate}; do sleep 0.01; done; echo done"
        program = self.start("--concurrency", "2", "mixed", "--", "sh", "-c", script)
        self.broker.expect("READY", b"mixed", b"2")
        self.broker.request(b"t1", b"good\n")
        self.broker.request(b"t2", b"bad\n")
        self.wait_for(lambda: "exit status 1" in self.logged(), "the failure is logged")
        self.assertIsNone(self.broker.next(0.1))
        open(gate, "w").close()
        #   The new session has a connection of its own, so its READY may overtake what was said over the old one.
        got = [self.broker.next() for _ in range(3)]
        self.assertCountEqual(got, [("FINAL", [b"t1", b"", b"done\n"]), ("DISCONNECT", []), ("READY", [b"mixed", b"2"])])
        got.remove(("READY", [b"mixed", b"2"]))
        self.assertEqual([name for name, _ in got], ["FINAL", "DISCONNECT"])
        self.stop(program)

    def test_concurrency(self):
        script = f"touch {self.folder}/at.$$; while test $(ls {self.folder} | grep -c ^at) -lt 3; do sleep 0.01; done"
        program = self.start("--concurrency", "3", "meet", "--", "sh", "-c", script)
        self.broker.expect("READY", b"meet", b"3")
        for token in (b"t1", b"t2", b"t3"):
            self.broker.request(token, b"x")
        tokens = {self.broker.next()[1][0] for _ in range(3)}
        self.assertEqual(tokens, {b"t1", b"t2", b"t3"})
        self.stop(program)

    def held(self, *options):
        """A worker whose command has begun and waits for the gate."""
        gate, begun = os.path.join(self.folder, "gate"), os.path.join(self.folder, "begun")
        script = f"echo $$ > {begun}.new; mv {begun}.new {begun}; while test -e {begun} && ! test -e {gate}; do sleep 0.01; done; echo done"
        program = self.start(*options, "held", "--", "sh", "-c", script)
        self.broker.expect("READY", b"held")
        self.broker.request(b"t1", b"x")
        self.wait_for(lambda: os.path.exists(begun), "the command begins")
        with open(begun) as file:
            return program, gate, int(file.read())

    def test_sigterm_drains(self):
        program, gate, _ = self.held()
        program.send_signal(signal.SIGTERM)
        self.broker.request(b"t2", b"too late")
        self.assertIsNone(self.broker.next(0.2))
        open(gate, "w").close()
        self.broker.expect("FINAL", b"t1", b"", b"done\n")
        self.broker.expect("DISCONNECT")
        self.ends(program)

    def test_second_sigterm_ends_at_once(self):
        program, _, command = self.held()
        program.send_signal(signal.SIGTERM)
        caught = f"/proc/{program.pid}/status"

        def given_back():
            """The first has been taken: until then a second one would be no second."""
            with open(caught) as status:
                lines = dict(line.split(":", 1) for line in status)
            return not int(lines["ShdPnd"], 16) & 1 << signal.SIGTERM - 1
        self.wait_for(given_back, "SIGTERM is taken")
        self.assertIsNone(self.broker.next(0.2))
        self.assertIsNone(program.poll())
        program.send_signal(signal.SIGTERM)
        self.ends(program, 1)
        self.wait_for(lambda: not self.runs(command), "the command is killed")

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                return ") Z " not in stat.read()
        except OSError:
            return False

    def test_heartbeats_while_busy(self):
        program, gate, _ = self.held("--heartbeat", "50", "--liveness", "1000")
        before = self.broker.beats
        self.wait_for(lambda: self.broker.next(0.01) or self.broker.beats >= before + 5, "five heartbeats")
        open(gate, "w").close()
        self.broker.expect("FINAL", b"t1", b"", b"done\n")
        self.stop(program)

    def test_silent_broker_is_left_and_tried_again(self):
        program = self.start("--heartbeat", "50", "--liveness", "2", "echo")
        self.broker.expect("READY", b"echo")
        first = self.broker.peer
        self.broker.expect("READY", b"echo")
        self.assertNotEqual(self.broker.peer, first)
        self.broker.send(b"\5")
        self.broker.request(b"t1", b"x")
        self.broker.expect("FINAL", b"t1", b"", b"x")
        program.kill()

    def test_refused_worker_goes_to_the_next_broker(self):
        other = self.new_broker()
        program = self.start("echo", brokers=[self.broker.endpoint, other.endpoint])
        self.broker.expect("READY", b"echo")
        self.broker.send(b"\6")
        other.expect("READY", b"echo")
        other.request(b"t1", b"x")
        other.expect("FINAL", b"t1", b"", b"x")
        program.send_signal(signal.SIGTERM)
        other.expect("DISCONNECT")
        self.ends(program)

    def test_broker_that_restarts_is_found(self):
        endpoint = f"ipc://{self.folder}/broker"
        first = self.new_broker(endpoint)
        program = self.start("echo", brokers=[endpoint])
        first.expect("READY", b"echo")
        first.close()
        self.broker = self.new_broker(endpoint)
        self.broker.expect("READY", b"echo")
        self.broker.request(b"t1", b"x")
        self.broker.expect("FINAL", b"t1", b"", b"x")
        self.stop(program)

    def test_sigterm_without_any_broker(self):
        program = self.start("echo", brokers=[f"ipc://{self.folder}/nobody"])
        self.wait_for(lambda: os.path.exists(f"/proc/{program.pid}/task"), "it starts")
        program.send_signal(signal.SIGTERM)
        self.assertIn(program.wait(SOON_S), (0, -signal.SIGTERM))  # before main it is the system's to answer

    def test_usage(self):
        for words in ([], ["two words"], ["mmi.service"], ["echo", "cat"], ["--broker", "nonsense", "echo"], ["--mdp", "3", "echo"],
                      ["--concurrency", "0", "echo"], ["--heartbeat", "x", "echo"]):
            program = subprocess.run([MDWORKER, *words], capture_output=True, timeout=SOON_S)
            self.assertEqual(program.returncode, 64, words)
            self.assertTrue(program.stderr, words)


if __name__ == "__main__":
    MDWORKER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
