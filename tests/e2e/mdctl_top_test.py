"""mdctl top: pages of text, and the live view at a terminal, against real brokers."""
import json
import os
import re
import shutil
import signal
import subprocess

import zmq

import keeltest
import screen


class Top(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.env = {key: value for key, value in os.environ.items() if key != "KEEL_BROKER"}
        self.env = {**keeltest.SANITIZER, **self.env, "TERM": "xterm"}

    def program(self, name):
        return shutil.which(name, path=os.environ["KEEL_PATH"])

    def top(self, endpoint, *args, **options):
        """Starts it with its output in pipes."""
        where = [word for one in ([endpoint] if isinstance(endpoint, str) else endpoint) for word in ("--broker", one)]
        return subprocess.Popen([self.program("mdctl"), *where, "top", *map(str, args)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, **options)

    def ended(self, process, code=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, out + err)
        self.assertEqual(b"" if code else err, out if code else b"")
        text = (err if code else out).decode("latin-1")
        self.assertNotRegex(text, r"[^ -~\n]")
        return text

    def live(self, *endpoints, args=(), width=80, height=24, **env):
        where = [word for one in endpoints for word in ("--broker", one)]
        terminal = screen.Terminal([self.program("mdctl"), *where, "top", *map(str, args)], width, height, {**self.env, **env})
        self.addCleanup(terminal.close)
        return terminal

    def services(self, broker, count):
        """So many, each with as many requests that wait as its number says."""
        client = self.client(broker)
        for number in range(count):
            for _ in range(number + 1):
                client.send(b"s%03d" % number, b"x")
        client.sync()
        return client

    def restored(self, terminal, code=0):
        self.assertEqual(terminal.exits(), code, terminal.screen.text())
        self.assertFalse(terminal.screen.other, "it left the alternate screen")
        self.assertIn(b"\x1b[?1049h", terminal.bytes)
        self.assertRegex(terminal.bytes, rb"\x1b\[\?1049l[^\n]*$")
        self.assertFalse(terminal.is_raw())
        self.assertEqual(terminal.screen.unknown, [])


class Once(Top):
    def test_a_page_of_a_busy_broker(self):
        broker = self.broker()
        self.start("mdworker", "--broker", broker.endpoint, "echo")
        self.registered(broker, b"echo")
        client = self.client(broker)
        client.send(b"nobody", b"x")
        process = self.top(broker.endpoint, "--once", "--interval", 300)
        while process.poll() is None:
            client.call(b"echo", b"x")
        lines = self.ended(process).splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual([line[:11].strip() for line in lines[:7]], ["broker", "now", "requests", "latency", "dropped", "", ""])
        self.assertRegex(lines[0], r"keel \d+\.\d+\.\d+, serving, up .*; ipc://")
        self.assertRegex(lines[1], r"services 2, workers 1, clients \d+; waiting 1, held [01], bytes ")
        self.assertRegex(lines[2], r"^requests   [1-9][\d.]*k?/s in, [1-9][\d.]*k?/s answered, 0/s failed; over the last [\d.]+m?s$")
        self.assertRegex(lines[3], r"^latency    p50 [\d.]+[um]?s, p90 [\d.]+[um]?s, p99 [\d.]+[um]?s; of it in the queue 0, 0, ")
        self.assertEqual(lines[7].split(), "SERVICE WORKERS HELD QUEUE AGE OUT/S FAIL/S P50 P99 WAIT99".split())
        self.assertEqual([line.split()[0] for line in lines[8:]], ["echo", "nobody"])       # by rate
        self.assertRegex(lines[8], r"^echo +1 +[01] +0 +- +[1-9]")
        self.assertRegex(lines[9], r"^nobody +0 +0 +1 +[\d.]+m?s +0 +0 +- +- +-$")

    def test_orders(self):
        broker = self.broker()
        self.services(broker, 3)
        for order, expected in (("queue", "210"), ("name", "012")):
            lines = self.ended(self.top(broker.endpoint, "--once", "--interval", 100, "--sort", order)).splitlines()
            self.assertEqual("".join(line[3] for line in lines[8:]), expected)

    def test_json(self):
        broker = self.broker()
        self.start("mdworker", "--broker", broker.endpoint, "echo")
        self.registered(broker, b"echo")
        client = self.client(broker)
        process = self.top(broker.endpoint, "--once", "--json", "--interval", 300)
        while process.poll() is None:
            client.call(b"echo", b"x")
        text = self.ended(process)
        self.assertEqual(text.count("\n"), 1)
        report = json.loads(text)
        [service] = report["services"]
        self.assertEqual((service["service"], service["workers"], service["waiting"]), ("echo", 1, 0))
        self.assertGreater(service["answered_rate"], 0)
        self.assertLess(0, service["answered_us"]["p50"])
        self.assertLessEqual(service["answered_us"]["p50"], service["answered_us"]["p99"])
        self.assertGreaterEqual(report["interval_ms"], 300)
        self.assertEqual(report["dropped"], {})

    def test_without_a_terminal_and_without_TERM(self):
        broker = self.broker()
        del self.env["TERM"]
        self.assertIn("serving", self.ended(self.top(broker.endpoint, "--once", "--interval", 100)))

    def test_nobody_answers(self):
        text = self.ended(self.top(self.ipc(), "--once", "--timeout", 100), code=1)
        self.assertRegex(text, r"^ERROR: nothing was heard from a broker at ipc:.*is one running there\?\n$")

    def test_the_second_broker_answers(self):
        broker = self.broker()
        out = self.ended(self.top([self.ipc(), broker.endpoint], "--once", "--timeout", 1000, "--interval", 100))
        self.assertIn("serving", out)

    def test_bad_command_lines(self):
        for args, words in ((["--sort", "size"], "--sort must be rate, queue, age or name, but is 'size'"),
                            (["--json"], "--json goes with --once"), (["--interval", "99"], "from 100")):
            self.assertIn(words, self.ended(self.top(self.ipc(), *args), code=64))
        run = subprocess.run([self.program("mdctl"), "services", "--once"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 64)
        self.assertIn("--once is for top", run.stderr)


class Hostile(Top):
    """Brokers that are none of Keel's."""

    def strange(self, body):
        socket = self.context.socket(zmq.ROUTER)
        socket.linger = 0
        endpoint = self.ipc()
        socket.bind(endpoint)
        self.addCleanup(socket.close)

        def answer():
            while socket.poll(10):
                frames = socket.recv_multipart()
                head = frames[:frames.index(b"") + 1]
                socket.send_multipart([*head, b"MDPC02", b"\3", frames[len(head) + 2], b"200", body])
        return endpoint, answer

    evil = r'"\u001b]0;x\u0007\u001b[2J\u009b\u007f\r\n"'

    def test_names_that_a_terminal_would_obey(self):
        body = f'{{"keel":{self.evil},"services":[{{"service":{self.evil}}}],"malformed_by_reason":{{{self.evil}:5}}}}'
        for options in ([], ["--json"]):
            endpoint, answer = self.strange(body.encode())
            process = self.top(endpoint, "--once", "--interval", 100, *options)
            while process.poll() is None:
                answer()
            self.assertIn("?]0;x??[2J", self.ended(process))
        endpoint, answer = self.strange(body.encode())
        terminal = self.live(endpoint)

        def shown(text):
            answer()
            return "?]0;x??[2J" in text.partition("SERVICE")[2]
        terminal.shows(shown, "the service, escaped")
        terminal.keys(b"q")
        self.restored(terminal)
        self.assertNotIn(b"\x1b]0;x", terminal.bytes)
        self.assertNotIn(b"\x9b", terminal.bytes)

    def test_answers_that_are_none(self):
        for body in b"", b"[]", b"{", b'{"a":"\x1b"}', b'{"a":"\xff"}':
            endpoint, answer = self.strange(body)
            process = self.top(endpoint, "--once")
            while process.poll() is None:
                answer()
            self.assertIn("the answer is none of a broker of Keel", self.ended(process, code=1))


class Live(Top):
    def test_keys(self):
        broker = self.broker()
        client = self.services(broker, 40)
        terminal = self.live(broker.endpoint, args=["--interval", 100])
        terminal.shows(lambda text: "1-15 of 40" in text, "the first services")
        self.assertTrue(terminal.is_raw())
        lines = terminal.screen.lines()
        self.assertRegex(lines[0], r"^broker     keel .*, serving, up ")
        self.assertRegex(lines[7], r"^SERVICE +WORKERS ")
        terminal.keys(b"w")
        terminal.shows(lambda text: re.search(r"\[queue\]", text) and "\ns039 " in text, "the longest queues")
        terminal.keys(b"n")
        terminal.shows(lambda text: "[name]" in text and "\ns000 " in text, "them by name")
        terminal.keys(b"a")
        terminal.shows(lambda text: "[age]" in text, "them by age")
        terminal.keys(b"nj")
        terminal.shows(lambda text: "2-16 of 40" in text and "\ns000 " not in text, "one further")
        terminal.keys(b"\x1b[6~")
        terminal.shows(lambda text: "17-31 of 40" in text, "a page further")
        terminal.keys(b"\x1b[6~\x1b[6~")
        terminal.shows(lambda text: "26-40 of 40" in text and "s039 " in text, "the last ones")
        terminal.keys(b"\x1bOA")
        terminal.shows(lambda text: "25-39 of 40" in text, "one back")
        terminal.keys(b" ")
        terminal.shows(lambda text: "PAUSED" in text, "that it is paused")
        client.send(b"late", b"x")
        client.sync()
        terminal.read(0.4)
        self.assertIn("of 40", terminal.screen.text())
        terminal.keys(b" ")
        terminal.shows(lambda text: "of 41" in text and "PAUSED" not in text, "that it goes on")
        terminal.keys(b"q")
        self.restored(terminal)

    def test_sizes(self):
        broker = self.broker()
        self.services(broker, 40)
        terminal = self.live(broker.endpoint, args=["--interval", 100])
        terminal.shows(lambda text: "1-15 of 40" in text, "a screen of 80 by 24")
        for width, height, words in ((132, 43, "1-34 of 40"), (40, 10, "SERVICE"), (20, 4, "broker"), (80, 24, "1-15 of 40")):
            terminal.resize(width, height)
            terminal.shows(lambda text: words in text and len(text.splitlines()[0]) <= width, f"{width} by {height}")
        terminal.keys(b"q")
        self.restored(terminal)

    def test_signals_give_the_terminal_back(self):
        broker = self.broker()
        for number in signal.SIGTERM, signal.SIGINT:
            terminal = self.live(broker.endpoint)
            terminal.shows(lambda text: "serving" in text, "the broker")
            terminal.signal(number)
            self.restored(terminal)

    def test_a_terminal_that_is_held_up(self):
        broker = self.broker()
        terminal = self.live(broker.endpoint, args=["--interval", 100])
        terminal.shows(lambda text: "serving" in text, "the broker")
        terminal.keys(b"\x13")                                     # Ctrl-S
        keeltest.eventually(lambda: not terminal.comes(0.3), "nothing comes any more")
        self.services(broker, 2)
        terminal.keys(b"\x11")
        terminal.shows(lambda text: "s001" in text, "that it goes on")
        terminal.keys(b"\x13")
        keeltest.eventually(lambda: not terminal.comes(0.3), "nothing comes any more")
        terminal.signal(signal.SIGTERM)
        self.restored(terminal)

    def test_the_terminal_goes_away(self):
        broker = self.broker()
        terminal = self.live(broker.endpoint)
        terminal.shows(lambda text: "serving" in text, "the broker")
        terminal.hang_up()
        keeltest.eventually(lambda: os.waitpid(terminal.pid, os.WNOHANG)[0], "it ends")
        terminal.code = 0

    def test_the_broker_is_restarted(self):
        endpoint = self.ipc()
        broker = self.broker(bind=endpoint)
        self.services(broker, 1)
        terminal = self.live(endpoint, args=["--interval", 200, "--timeout", 300])
        terminal.shows(lambda text: "s000" in text and "over the last" in text, "the service")
        broker.kill()
        terminal.shows(lambda text: re.search(r"no answer since [1-9]\d* s, asking again: ipc:", text), "the silence")
        self.assertIn("s000", terminal.screen.text())              # what was known last
        broker = self.broker(bind=endpoint)
        terminal.shows(lambda text: "serving" in text and "s000" not in text, "the new broker")
        terminal.shows(lambda text: "requests   0/s in, 0/s answered, 0/s failed; over" in text, "its rates")
        terminal.keys(b"q")
        self.restored(terminal)

    def test_the_next_broker_takes_over(self):
        first, endpoint = self.broker(), self.ipc()
        terminal = self.live(first.endpoint, endpoint, args=["--interval", 200, "--timeout", 500])
        terminal.shows(lambda text: "services 0" in text, "the first one")
        self.services(self.broker(bind=endpoint), 2)
        first.kill()
        terminal.shows(lambda text: "services 2" in text and "serving" in text, "the second one")
        terminal.keys(b"q")
        self.restored(terminal)

    def test_nobody_is_there_yet(self):
        endpoint = self.ipc()
        terminal = self.live(endpoint, args=["--timeout", 300])
        terminal.shows(lambda text: "no answer since 1 s, asking again: " in text, "that nobody answers")
        self.broker(bind=endpoint)
        terminal.shows(lambda text: "serving" in text, "the broker")
        terminal.keys(b"q")
        self.restored(terminal)

    def test_terminals_that_are_none(self):
        for term, words in (("nonsense", "is not known here"), ("dumb", "cannot place text"), ("", "TERM is not set")):
            terminal = self.live(self.ipc(), TERM=term)
            self.assertEqual(terminal.exits(), 1)
            self.assertRegex(terminal.bytes.decode(), rf"ERROR: top: .*{words}.*; `mdctl top --once` prints")
            self.assertNotIn(b"\x1b", terminal.bytes)
        self.assertRegex(self.ended(self.top(self.ipc()), code=1), r"^ERROR: top: .* this is none; `mdctl top --once` prints")


if __name__ == "__main__":
    keeltest.main()
