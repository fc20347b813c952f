"""mdctl against a real mdbroker with workers of its own, and against a broker that answers what it should not.

    KEEL_PATH=DIRECTORIES mdctl_test.py
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import zmq

DEADLINE = 15


def program(name):
    found = shutil.which(name, path=os.environ["KEEL_PATH"])
    assert found, f"no {name} in KEEL_PATH"
    return found


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keel.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.peers = []
        self.env = {key: value for key, value in os.environ.items() if key != "KEEL_BROKER"}

    def ipc(self, name):
        return f"ipc://{self.folder}/{name}"

    def broker(self):
        """On the endpoints open and admin."""
        path = os.path.join(self.folder, "broker.log")
        with open(path, "wb") as log:
            broker = subprocess.Popen([program("mdbroker"), "--bind", self.ipc("open"), "--admin", self.ipc("admin"),
                                       "--drain-timeout", "0"], stderr=log)
        self.addCleanup(self.end, broker)
        self.until(lambda: "admin=1" in pathlib.Path(path).read_text(encoding="ascii"), "the broker listens")

    def end(self, broker):
        broker.send_signal(signal.SIGTERM)
        self.assertEqual(broker.wait(DEADLINE), 0)

    def until(self, condition, what):
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)

    def peer(self, *frames, identity=None, kind=zmq.DEALER):
        socket = self.context.socket(kind)
        socket.linger = 0
        if identity:
            socket.routing_id = identity
        socket.connect(self.ipc("open"))
        socket.send_multipart(frames)
        self.peers.append(socket)         # one that is forgotten is closed
        return socket

    def worker(self, service, identity=None):
        """Registered when this returns."""
        worker = self.peer(b"", b"MDPW01", b"\1", service, identity=identity)
        self.sync(worker)
        return worker

    def sync(self, socket):
        """The broker has read what this socket sent."""
        self.ask(socket, b"mmi.version", b"")

    def ask(self, socket, service, *body):
        socket.send_multipart([b"sync", b"", b"MDPC01", service, *body])
        while True:
            self.assertTrue(socket.poll(DEADLINE * 1000), "an answer")
            frames = socket.recv_multipart()
            if frames[0] == b"sync":
                return frames[4:]

    def mdctl(self, *args, code=0, endpoint="open"):
        """Its stdout, or its stderr when it is to fail."""
        where = ["--broker", self.ipc(endpoint)] if endpoint else []
        run = subprocess.run([program("mdctl"), *where, *args], capture_output=True, env=self.env, timeout=60)
        out, err = run.stdout.decode("latin-1"), run.stderr.decode("latin-1")
        self.assertEqual(run.returncode, code, out + err)
        self.assertEqual(err if code == 0 else out, "")
        self.assertNotRegex(out + err, r"[^ -~\n]")
        if "--json" not in args and code == 0:
            self.assertLessEqual(max(map(len, out.splitlines()), default=0), 80, out)
        return out if code == 0 else err

    def rows(self, command):
        return [line.split() for line in self.mdctl(command).splitlines()]


class Reports(Case):
    def test_status(self):
        self.broker()
        self.worker(b"echo")
        lines = dict(line.split(maxsplit=1) for line in self.mdctl("status").splitlines())
        self.assertRegex(lines["broker"], r"^keel \d+\.\d+\.\d+, MDP 0\.1 0\.2$")
        self.assertEqual([lines[name] for name in ("state", "services", "workers", "waiting")],
                         ["serving", "1", "1", "0"])
        status = json.loads(self.mdctl("status", "--json"))
        self.assertEqual(list(status), ["keel", "mdp", "uptime_ms", "services", "workers", "clients", "waiting", "held",
                                        "bytes", "draining"])
        self.assertEqual((status["services"], status["workers"], status["draining"]), (1, 1, False))

    def test_services(self):
        self.broker()
        self.assertEqual(self.rows("services"), [["SERVICE", "WORKERS", "WAITING", "HELD", "DRAINING"]])
        self.worker(b"echo")
        self.worker(b"long" * 60)
        client = self.peer(b"", b"MDPC01", b"echo", b"one")
        client.send_multipart([b"", b"MDPC01", b"echo", b"two"])
        self.sync(client)
        rows = self.rows("services")
        self.assertEqual(rows[1], ["echo", "1", "1", "1", "no"])
        self.assertRegex(rows[2][0], r"^(long)+l?o?n?~$")

    def test_json_is_the_brokers(self):
        self.broker()
        self.worker(b'quo"te\\')
        client = self.peer(b"", b"nonsense")
        code, text = self.ask(client, b"mmi.services", b"")
        self.assertEqual(code, b"200")
        self.assertEqual(self.mdctl("services", "--json"), text.decode() + "\n")

    def test_workers(self):
        self.broker()
        self.worker(b"echo", b"w1")
        self.worker(b"long" * 60, b"\xff" * 255)
        rows = self.rows("workers")
        self.assertEqual(rows[0], ["ID", "SERVICE", "MDP", "CREDIT", "HELD", "SILENT", "BEATS"])
        self.assertEqual(rows[1][:5], [b"w1".hex(), "echo", "0.1", "1", "0"])
        self.assertRegex(rows[1][5], r"^\d+\.\ds$")
        self.assertTrue(rows[2][0].startswith("ffffff") and rows[2][0].endswith("~"), rows[2])
        self.assertEqual(json.loads(self.mdctl("workers", "--json"))["workers"][1]["id"], "ff" * 255)

    def test_stats(self):
        self.broker()
        client = self.peer(b"", b"MDPC01", b"none", b"")
        client.send_multipart([b"", b"nonsense"])
        self.sync(client)
        printed = dict(self.rows("stats"))
        self.assertEqual((printed["accepted"], printed["waiting"], printed["malformed"]), ("1", "1", "1"))
        self.assertEqual(printed["malformed_by_reason.no-header"], "1")
        stats = json.loads(self.mdctl("stats", "--json"))
        reasons = stats.pop("malformed_by_reason")
        self.assertEqual(set(printed), set(stats) | {f"malformed_by_reason.{key}" for key in reasons})

    def test_explain(self):
        self.broker()
        client = self.peer(b"", b"MDPC01", b"none", b"")
        self.worker(b"echo")
        for _ in range(3):
            client.send_multipart([b"", b"MDPC01", b"echo", b""])
        self.sync(client)
        self.assertRegex(self.mdctl("explain", "none"),
                         r"waiting +1, clients: 1, the oldest for [\d.]+s\n(.*\n)*reason +no worker\n")
        self.assertRegex(self.mdctl("explain", "echo"),
                         r"waiting +2, (.*\n)*held +1\n(.*\n)*reason +all busy\n  Each worker")
        self.assertEqual(json.loads(self.mdctl("explain", "echo", "--json"))["waiting"], 2)


class Orders(Case):
    def test_drain_and_resume(self):
        self.broker()
        self.worker(b"echo")
        self.assertRegex(self.mdctl("drain", "echo", code=1), r"^ERROR: drain echo: 403, .*--admin\n$")
        self.assertIn("echo drains", self.mdctl("drain", "echo", endpoint="admin"))
        self.assertEqual(self.rows("services")[1], ["echo", "1", "0", "0", "yes"])
        self.assertRegex(self.mdctl("explain", "echo"), r"reason +draining\n")
        self.assertIn("echo takes", self.mdctl("resume", "echo", endpoint="admin"))
        self.assertEqual(self.rows("services")[1], ["echo", "1", "0", "0", "no"])

    def test_json(self):
        self.broker()
        self.worker(b'quo"te\\')
        for order, draining in ("drain", True), ("resume", False):
            said = json.loads(self.mdctl("--json", order, 'quo"te\\', endpoint="admin"))
            self.assertEqual(said, {"service": 'quo"te\\', "draining": draining})

    def test_unknown_service(self):
        self.broker()
        for command in "explain", "drain", "resume":
            self.assertRegex(self.mdctl(command, "nix", code=1, endpoint="admin"),
                             rf"^ERROR: {command} nix: 404, .*mdctl services")


class Usage(Case):
    def test_bad_command_lines(self):
        for args, words in [([], "argument is missing"), (["frob"], "unknown command 'frob'"),
                            (["drain"], "drain wants a SERVICE"), (["status", "echo"], "status takes no argument"),
                            (["explain", "a b"], "bad service name"),
                            (["explain", "\033[2J"], "bad service name"), (["promote", "echo"], "promote takes no argument")]:
            with self.subTest(args):
                self.assertIn(words, self.mdctl(*args, code=64))

    def test_no_broker(self):
        self.assertIn("nothing was heard from a broker at", self.mdctl("-t", "50", "status", code=1))

    def test_environment_and_second_broker(self):
        self.broker()
        self.env["KEEL_BROKER"] = f"{self.ipc('nothing')},{self.ipc('open')}"
        self.assertIn("serving", self.mdctl("-t", "100", "status", endpoint=None))

    def test_full_disk(self):
        self.broker()
        with open("/dev/full", "wb") as full:
            command = [program("mdctl"), "-b", self.ipc("open"), "stats"]
            run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"cannot write", run.stderr)


class Strangers(Case):
    """A broker that is none of Keel's, or wants to harm who asks it."""

    def answering(self, *body):
        socket = self.context.socket(zmq.ROUTER)
        socket.linger = 0
        socket.bind(self.ipc("strange"))

        def run():
            while socket.poll(DEADLINE * 1000):
                frames = socket.recv_multipart()
                if frames[-1] == b"end":
                    break
                head = frames[:frames.index(b"") + 1]
                socket.send_multipart([*head, b"MDPC02", b"\3", frames[len(head) + 2], *body])
            socket.close()

        def end():
            last = self.context.socket(zmq.DEALER)
            last.connect(self.ipc("strange"))
            last.send_multipart([b"", b"end"])
            thread.join()
            last.close(0)
        thread = threading.Thread(target=run)
        thread.start()
        return end

    def asked(self, body, *args, code):
        end = self.answering(*body)
        try:
            return self.mdctl(*args, code=code, endpoint="strange")
        finally:
            end()

    def test_codes(self):
        for code, words in [(b"501", "does not know"), (b"400", "another version"), (b"503", "try again"),
                            (b"299", "unexpected")]:
            with self.subTest(code):
                self.assertRegex(self.asked([code], "stats", code=1), rf"^ERROR: stats: {code.decode()}, .*{words}")

    def test_answers_that_are_none(self):
        bodies = [[b""], [b"20"], [b"\33[2"]]
        bodies += [[b"200", *json] for json in ([], [b""], [b"[]"], [b"{"], [b'{"a":1}{'], [b'{"a":"\x7f"}'],
                                                [b'{"a":"\xc2\x9b"}'], [b"[" * 100000])]
        for body in bodies:
            for command in "stats", "services", "status":
                with self.subTest(body=body[-1][:20], command=command):
                    self.assertIn("the answer is none of a broker of Keel", self.asked(body, command, code=1))
                    if command == "stats":
                        self.asked(body, command, "--json", code=1)

    def test_unexpected_json(self):
        """Escapes that become control characters, members of other kinds, huge numbers."""
        evil = r'"\u001b]0;x\u0007\u009b\u007f"'
        huge = "9223372036854775807"
        texts = [
            '{}',
            '{"services":7,"workers":"x","mdp":{},"reason":[],"left_out":"y"}',
            '{"mdp":[1,null,{}],"keel":5}',
            f'{{{evil}:{evil},"keel":{evil},"mdp":[{evil}],"reason":{evil},"malformed_by_reason":{{{evil}:{evil}}}}}',
            f'{{"services":[{evil},{{"service":{evil},"workers":{huge},"waiting":-{huge}}}],"left_out":{huge}}}',
            f'{{"workers":[[],{{"id":{evil},"service":"{"x" * 5000}","silent_ms":{huge},"mdp":{evil}}}]}}',
            f'{{"uptime_ms":-1,"bytes":{huge}}}',
        ]
        for text in texts:
            for args in ["status"], ["services"], ["workers"], ["stats"], ["explain", "x"]:
                with self.subTest(text=text[:60], args=args):
                    self.asked([b"200", text.encode()], *args, code=0)
                    if args != ["status"]:
                        said = self.asked([b"200", text.encode()], *args, "--json", code=0)
                        self.assertEqual(said, text + "\n")
        #   Put together anew, an escape could become what it stands for.
        self.asked([b"200", f'{{"keel":{evil}}}'.encode()], "status", "--json", code=1)

    def test_what_did_not_fit(self):
        said = self.asked([b"200", b'{"services":[],"left_out":7}'], "services", code=0)
        self.assertEqual(re.findall(r"and 7 more", said), ["and 7 more"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
