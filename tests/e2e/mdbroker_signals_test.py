"""SIGTERM drains, a second one ends at once, SIGHUP reads the configuration again, SIGUSR1 says the counters."""
import contextlib
import json
import os
import re
import signal
import socket
import time

import keeltest

CONFIG = """listen
    endpoint = "{endpoint}"
heartbeat
    interval = 30000
request
    ttl = {ttl}
limits
    outstanding = {outstanding}
    services = 7
drain
    timeout = {drain}
"""


class Drain(keeltest.Case):
    def test_idle(self):
        """Each worker is told, in its own form; the endpoint is free again."""
        broker = self.broker()
        workers = [self.worker(broker, b"s", form) for form in ("led1", "bare1", "strict2", "led2")]
        broker.signal(signal.SIGTERM)
        for worker in workers:
            worker.dismissed()
        self.assertEqual(broker.exits(), 0)
        self.still_serves(self.broker(bind=broker.endpoint))

    def test_busy(self):
        """New ones and queued ones are refused, what workers hold is finished, and then it ends."""
        broker = self.broker()
        holder, idle = self.worker(broker, b"one", credit=2), self.worker(broker, b"two", "strict2")
        held, waits, late = (self.asking(broker) for _ in range(3))
        stock = self.client(broker)
        for body in (b"1", b"2"):
            held.send(b"one", body)
        held.sync()
        waits.send(b"one", b"waits")
        waits.sync()
        stock.send(b"one", b"waits, and will hear nothing")
        stock.sync()
        requests = [holder.request() for _ in range(2)]
        broker.signal(signal.SIGTERM)
        waits.notice(503, b"one")
        idle.dismissed()
        late.send(b"one", b"late")
        late.notice(503, b"one")
        late.send(b"two", b"late")
        late.notice(503, b"two")
        newcomer = self.worker(broker, b"one", ready=False)
        newcomer.ready()
        newcomer.dismissed()
        self.assertEqual(late.report(b"mmi.stats")["draining"], True)
        stock.quiet()
        holder.final(requests[0].token, b"first")
        self.assertEqual(held.recv().body, [b"first"])
        self.assertTrue(broker.running())
        holder.final(requests[1].token, b"second")
        self.assertEqual(held.recv().body, [b"second"])
        holder.dismissed()
        self.assertEqual(broker.exits(), 0)

    def test_busy_worker_with_partials(self):
        broker = self.broker()
        worker, client = self.worker(broker, form="strict2"), self.client(broker, "strict2")
        client.send(b"echo", b"q")
        request = worker.request()
        broker.signal(signal.SIGTERM)
        broker.says("draining")
        worker.partial(request.token, b"part")
        self.assertEqual(client.recv().kind, "partial")
        worker.final(request.token, b"end")
        self.assertEqual(client.recv().body, [b"end"])
        worker.dismissed()
        self.assertEqual(broker.exits(), 0)

    def test_worker_that_dies_meanwhile(self):
        """What it held cannot be tried again."""
        broker = self.broker()
        client = self.asking(broker)
        client.send(b"echo", b"q")
        victim = self.process_worker(broker)
        broker.signal(signal.SIGTERM)
        broker.says("draining")
        victim.kill()
        client.notice(503, b"echo")
        self.assertEqual(broker.exits(), 0)

    def test_timeout(self):
        broker = self.broker("--drain-timeout", 300)
        worker, client = self.worker(broker), self.asking(broker)
        client.send(b"echo", b"q")
        worker.request()
        start = time.monotonic()
        broker.signal(signal.SIGTERM)
        worker.dismissed()
        client.notice(503, b"echo")
        self.assertEqual(broker.exits(), 0)
        self.assertGreater(time.monotonic() - start, 0.25)

    def test_many_notices_arrive(self):
        broker = self.broker()
        client = self.asking(broker)
        for _ in range(5000):
            client.send(b"nobody", b"x")
        client.sync()
        broker.signal(signal.SIGTERM)
        for _ in range(5000):
            client.notice(503, b"nobody")
        self.assertEqual(broker.exits(), 0)

    def test_second_signal(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            broker = self.broker()
            worker, client = self.worker(broker), self.client(broker)
            client.send(b"echo", b"q")
            worker.request()
            broker.signal(first)
            broker.says("draining")
            broker.signal(second)
            self.assertEqual(broker.exits(), 0)

    def test_second_signal_with_peers_that_do_not_read(self):
        broker = self.broker("--limit-pipe", 100000)
        deaf = self.raw(broker, rcvhwm=1, rcvbuf=4096)
        for _ in range(5000):
            deaf.put(b"", b"MDPC01", b"mmi.stats", b"")
        other = self.client(broker)
        keeltest.eventually(lambda: other.stats()["mmi_requests"] >= 5000, "all are answered")
        broker.signal(signal.SIGTERM)
        broker.says("draining")
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.exits(), 0)

    def test_signals_without_end(self):
        """However many come, and whenever: exit 0."""
        for _ in range(10):
            broker = self.broker()
            worker = self.worker(broker)
            worker.close()
            while broker.running():
                broker.signal(signal.SIGTERM)
            self.assertEqual(broker.exits(), 0)


class Reload(keeltest.Case):
    def write(self, **values):
        return self.file("broker.cfg", CONFIG.format(**{"endpoint": self.endpoint, "ttl": 60000, "outstanding": 2, "drain": 100,
                                                        **values}))

    def setUp(self):
        super().setUp()
        self.endpoint = self.ipc()
        self.mdbroker = self.start("mdbroker", "-c", self.write(), kind=keeltest.Broker)
        self.mdbroker.endpoint = self.mdbroker.endpoints(1)[0]
        self.reloads = 0

    def reload(self):
        self.reloads += 1
        self.mdbroker.signal(signal.SIGHUP)
        self.mdbroker.says("reloaded", self.reloads)

    def test_limits_and_ttl(self):
        client = self.asking(self.mdbroker)
        for _ in range(3):
            client.send(b"echo", b"x")
        client.notice(429, b"echo")
        self.write(outstanding=4, ttl=150)
        self.reload()
        for _ in range(3):
            client.send(b"echo", b"x")
        client.notice(429, b"echo")
        for _ in range(2):
            client.notice(404, b"echo")                     # those of the new ttl; the old ones keep theirs
        client.quiet()
        self.assertEqual(self.balanced(self.mdbroker)["waiting"], 2)

    def test_workers_and_requests_stay(self):
        worker, client = self.worker(self.mdbroker), self.client(self.mdbroker)
        client.send(b"echo", b"held")
        client.send(b"echo", b"waits")
        request = worker.request()
        self.reload()
        worker.final(request.token, b"held")
        worker.answer()
        self.assertEqual([client.recv().body for _ in range(2)], [[b"held"], [b"waits"]])

    def test_what_the_file_no_longer_says_is_the_default_again(self):
        client = self.asking(self.mdbroker)
        self.file("broker.cfg", f'listen\n    endpoint = "{self.endpoint}"\n')
        self.reload()
        for _ in range(10):
            client.send(b"echo", b"x")
        client.quiet()

    def test_a_bad_file_changes_nothing(self):
        """It says so, with file and line."""
        client = self.asking(self.mdbroker)
        bad = {"limits\n    outstanding = many\n": 2, "limits\n    outstandings = 50\n": 2, "drain\n\n    timeout = -1\n": 3,
               "\n\nnonsense\n": 3}
        for count, (text, line) in enumerate(bad.items(), 1):
            path = self.file("broker.cfg", text)
            self.mdbroker.signal(signal.SIGHUP)
            self.assertEqual(self.mdbroker.says(rf"{re.escape(path)}:(\d+)", count).group(1), str(line))
        os.remove(self.path("broker.cfg"))
        self.mdbroker.signal(signal.SIGHUP)
        self.mdbroker.says("broker.cfg.*No such file")
        for _ in range(3):
            client.send(b"echo", b"x")
        client.notice(429, b"echo")
        self.assertNotIn("configuration reloaded", self.mdbroker.err())

    def test_without_a_file(self):
        broker = self.broker()
        broker.signal(signal.SIGHUP)
        self.still_serves(broker)

    def test_command_line_stays_above_the_file(self):
        broker = self.start("mdbroker", "-c", self.write(endpoint=self.ipc()), "--limit-outstanding", 1, kind=keeltest.Broker)
        broker.endpoint = broker.endpoints(1)[0]
        self.write(outstanding=50)
        broker.signal(signal.SIGHUP)
        broker.says("reloaded")
        client = self.asking(broker)
        for _ in range(2):
            client.send(b"echo", b"x")
        client.notice(429, b"echo")


class Stats(keeltest.Case):
    def test_usr1(self):
        broker = self.broker()
        self.still_serves(broker)
        broker.signal(signal.SIGUSR1)
        stats = json.loads(broker.says(r"stats (\{.*\})").group(1))
        self.assertEqual((stats["answered"], stats["workers_registered"]), (1, 1))

    def test_they_count_up(self):
        broker = self.broker()
        client, before = self.client(broker), self.client(broker).stats()
        worker = self.worker(broker)
        for _ in range(5):
            client.send(b"echo", b"x")
            worker.answer()
            client.recv()
        after = client.stats()
        self.assertEqual([after[name] - before[name] for name in ("accepted", "answered", "attempts")], [5, 5, 5])
        self.assertGreaterEqual(after["uptime_ms"], before["uptime_ms"])


class Systemd(keeltest.Case):
    def test_priorities_in_the_journal(self):
        """When stderr is the journal's stream, lines begin with their priority; else with a word."""
        plain, reader, writer = self.broker(), *os.pipe()
        self.assertRegex(plain.err(), r"(?m)^NOTICE: listening")
        info = os.fstat(writer)
        with open(reader, encoding="ascii") as stream:
            self.start("mdbroker", "--bind", self.ipc(), env={"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"}, stderr=writer)
            os.close(writer)
            self.assertRegex(stream.readline(), r"^<5>listening on ")

    def test_nobody_reads_the_log(self):
        """A full pipe at the other end of stderr does not stop the broker; nor does one that is closed."""
        for closed in (False, True):
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, b"x" * 4096)
            os.set_blocking(writer, True)
            endpoint = self.ipc()
            broker = self.start("mdbroker", "--bind", endpoint, stderr=writer)
            os.close(writer)
            if closed:
                os.close(reader)
            for _ in range(3):
                self.still_serves(endpoint)
                raw = self.raw(endpoint)
                raw.put(b"malformed")
                raw.sync()
            broker.signal(signal.SIGTERM)
            self.assertEqual(broker.exits(), 0)
            if not closed:
                os.close(reader)

    def test_notify(self):
        """READY once it listens, RELOADING and READY, STOPPING; and a watchdog that is fed."""
        path = self.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(keeltest.DEADLINE)
            broker = self.start("mdbroker", "--bind", self.ipc(), kind=keeltest.Broker,
                                env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})

            def told(word):
                text, end = "", time.monotonic() + keeltest.DEADLINE
                while word not in text:
                    self.assertLess(time.monotonic(), end, f"{word} was never told")
                    text = manager.recv(4096).decode()
                return text
            told("READY=1")
            self.assertTrue(broker.endpoints(1))
            for _ in range(3):
                told("WATCHDOG=1")
            broker.signal(signal.SIGHUP)
            told("RELOADING=1")
            told("READY=1")
            broker.signal(signal.SIGTERM)
            told("STOPPING=1")
            self.assertEqual(broker.exits(), 0)


if __name__ == "__main__":
    keeltest.main()
