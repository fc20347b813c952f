"""SIGTERM drains the Pirates' queues, a second one ends them at once, SIGHUP reads the configuration again, SIGUSR1 says the
counters."""
import json
import re
import signal
import time

import zmq

import keeltest
import pirates


class Both:
    # ---- SIGTERM

    def test_idle(self):
        """Also with workers; the endpoints are free again."""
        queue = self.queue()
        self.workers(queue, 3)
        queue.signal(signal.SIGTERM)
        self.assertEqual(queue.exits(), 0)
        self.still_serves(self.queue(frontend=queue.frontend, backend=queue.backend))

    def test_busy(self):
        """What a worker holds is finished; nothing new is taken, and what waits fails in silence, as the patterns have it."""
        queue = self.queue()
        worker, = self.workers(queue, 1)
        held, other = self.client(queue), self.client(queue, zmq.DEALER)
        held.send(b"held")
        token, _ = worker.request()
        other.send(b"waits")
        queue.reaches(waiting=1)
        queue.signal(signal.SIGTERM)
        queue.says("NOTICE: draining")
        other.send(b"new")
        self.worker(queue)
        stats = queue.reaches(refused_draining=1, ready_refused=1)
        self.assertEqual((stats["draining"], stats["failed_503"], stats["held"]), (True, 1, 1))
        self.assertTrue(queue.running())
        worker.give(token, b"done")
        self.assertEqual(held.answer(), [b"done"])
        self.assertEqual(queue.exits(), 0)
        self.assertFalse(other.socket.poll(0))

    def test_timeout(self):
        queue = self.queue("--drain-timeout", 300)
        worker, client = self.worker(queue), self.client(queue)
        client.send(b"x")
        worker.request()
        start = time.monotonic()
        queue.signal(signal.SIGTERM)
        self.assertEqual(queue.exits(), 0)
        self.assertGreater(time.monotonic() - start, 0.25)

    def test_second_signal(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            queue = self.queue()
            worker, client = self.worker(queue), self.client(queue)
            client.send(b"x")
            worker.request()
            queue.signal(first)
            queue.says("NOTICE: draining")
            queue.signal(second)
            self.assertEqual(queue.exits(), 0)

    # ---- SIGHUP

    def configured(self, text, *args):
        self.ends = self.ipc(), self.ipc()
        self.write(text)
        queue = self.start(self.program, "-c", self.path("queue.cfg"), *self.beats(30000), *args, kind=pirates.Queue)
        queue.frontend, queue.backend = queue.endpoints(2)
        return queue

    def write(self, text):
        self.file("queue.cfg", f'frontend\n    endpoint = "{self.ends[0]}"\nbackend\n    endpoint = "{self.ends[1]}"\n{text}')

    def test_reload(self):
        """Limits and times hold for what comes; who is there stays."""
        queue = self.configured("limits\n    outstanding = 2\n")
        worker, client = *self.workers(queue, 1), self.client(queue, zmq.DEALER)
        for _ in range(3):
            client.send(b"x")
        token, _ = worker.request()
        queue.reaches(refused_outstanding=1)
        self.write("limits\n    outstanding = 4\nrequest\n    ttl = 200\n")
        queue.signal(signal.SIGHUP)
        queue.says("reloaded")
        for _ in range(3):
            client.send(b"x")
        queue.reaches(refused_outstanding=2, failed=2)      # those of the new ttl; the old one keeps its own
        worker.give(token, b"one")
        worker.answer(b"two")
        self.assertEqual([client.answer(), client.answer()], [[b"one"], [b"two"]])

    def test_another_busy_timeout(self):
        queue = self.configured("heartbeat\n    busy-timeout = 600000\n")
        worker, client = *self.workers(queue, 1), self.client(queue)
        client.send(b"x")
        worker.request()
        self.write("heartbeat\n    busy-timeout = 100\n")
        queue.signal(signal.SIGHUP)
        queue.reaches(requeued=1)

    def test_a_bad_file_changes_nothing(self):
        queue = self.configured("limits\n    outstanding = 2\n")
        client = self.client(queue, zmq.DEALER)
        for count, (text, line) in enumerate({"limits\n    outstanding = many\n": 6, "limits\n    services = 1\n": 6,
                                              "nonsense\n": 5}.items(), 1):
            self.write(text)
            queue.signal(signal.SIGHUP)
            self.assertEqual(queue.says(rf"{re.escape(self.path('queue.cfg'))}:(\d+)", count).group(1), str(line))
        for _ in range(3):
            client.send(b"x")
        queue.reaches(refused_outstanding=1)

    def test_command_line_stays_above_the_file(self):
        queue = self.configured("", "--limit-outstanding", 1)
        self.write("limits\n    outstanding = 50\n")
        queue.signal(signal.SIGHUP)
        queue.says("reloaded")
        client = self.client(queue, zmq.DEALER)
        for _ in range(2):
            client.send(b"x")
        queue.reaches(refused_outstanding=1)

    # ---- SIGUSR1

    def test_counters(self):
        """One line of JSON, whose sums hold."""
        queue = self.queue("--request-ttl", 200)
        first, = self.workers(queue, 1)
        asking = self.client(queue)
        asking.send(b"x")
        first.answer()
        asking.answer()
        client = self.client(queue, zmq.DEALER)
        for _ in range(5):
            client.send(b"x")
        client.put(b"noise")
        first.request()
        queue.reaches(failed_504=4, malformed=1)
        before = queue.err().count("\n")
        queue.signal(signal.SIGUSR1)
        stats = json.loads(queue.says(r"(?m)stats (\{.*\})$", queue.asked + 1).group(1))
        queue.asked += 1
        self.assertEqual(queue.err().count("\n"), before + 1)
        self.assertEqual((stats["accepted"], stats["answered"], stats["held"], stats["attempts"]), (6, 1, 1, 2))
        self.balanced(queue)


class Simple(Both, pirates.Case):
    program = "spqueue"


class Paranoid(Both, pirates.Case):
    program = "ppqueue"

    def test_worker_that_dies_while_draining(self):
        """What it held cannot be tried again."""
        queue = self.queue()
        client = self.client(queue)
        client.send(b"x")
        victim = self.process_worker(queue)
        queue.signal(signal.SIGTERM)
        queue.says("NOTICE: draining")
        victim.kill()
        self.assertEqual(queue.exits(), 0)


if __name__ == "__main__":
    keeltest.main()
