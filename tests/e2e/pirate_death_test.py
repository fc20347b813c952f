"""Queues, workers and clients of the Pirates that are killed, freeze, or come back."""
import signal
import time

import zmq

import keeltest
import pirates

SOON = 5                          # seconds; a loaded machine's. What is expected is printed next to what was measured


def took(what, start, expected):
    seconds = time.monotonic() - start
    print(f"{what}: {1000 * seconds:.1f} ms (at most {expected} on a machine that is free)")
    return seconds


class Both:
    def test_idle_worker_that_is_killed(self):
        """Costs no request and no attempt, however many there are."""
        queue = self.queue("--max-attempts", 1)
        victims = [self.process_worker(queue, holds=False) for _ in range(3)]
        for victim in victims:
            victim.kill()
        self.workers(queue, 1)
        client = self.client(queue)
        client.send(b"x")
        self.peers[-2].answer()
        self.assertEqual(client.answer(), [b"x"])
        stats = self.balanced(queue)
        self.assertEqual((stats["failed"], stats["workers"]), (0, 1))

    def test_busy_worker_that_is_killed_again_and_again(self):
        """max-attempts times; then the request fails, and the next is served."""
        queue = self.queue("--max-attempts", 2, "--busy-timeout", 300)
        client = self.client(queue, zmq.DEALER)
        client.send(b"poison")
        for attempt in range(2):
            self.process_worker(queue).kill()
            queue.reaches(requeued=attempt + 1)
        queue.reaches(failed_502=1, waiting=0)
        client.send(b"good")
        self.worker(queue).answer()
        self.assertEqual(client.answer(), [b"good"])

    def test_clients_that_are_killed(self):
        """Their requests are run, and their answers go nowhere, and are counted."""
        queue = self.queue()
        victim = self.process(queue.frontend, "client", 50, says="sent")
        queue.reaches(accepted=50)
        victim.kill()
        worker = self.worker(queue)
        for _ in range(50):
            worker.answer()
        self.assertGreater(queue.reaches(answered=50)["clients_unreachable"], 0)
        client = self.client(queue)
        client.send(b"x")
        worker.answer()
        self.assertEqual(client.answer(), [b"x"])

    def test_a_client_that_is_frozen(self):
        """Others have their answers; its own are dropped once there is no room for them, and counted."""
        queue = self.queue("--limit-pipe", 10)
        frozen = self.process(queue.frontend, "client", 300, says="sent")
        queue.reaches(accepted=300)
        worker, other = self.worker(queue), self.client(queue)
        frozen.signal(signal.SIGSTOP)
        for _ in range(300):
            worker.answer(b"x" * 100000)
        other.send(b"x")
        worker.answer()
        self.assertEqual(other.answer(), [b"x"])
        stats = self.balanced(queue)
        self.assertGreater(stats["clients_full"], 0)
        self.assertEqual(stats["answered"], 301)
        queue.says("does not read")
        frozen.kill()

    def test_queue_that_is_killed(self):
        """A new one at the same endpoints finds the old one's peers: clients send again, workers say READY or answer what they
        have."""
        for ends in ((None, None), ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")):
            queue = self.queue(frontend=ends[0], backend=ends[1])
            busy, idle = *self.workers(queue, 1), self.worker(queue)
            queue.reaches(workers=2)
            client = self.client(queue, zmq.DEALER)
            client.send(b"lost")
            token, _ = busy.request()
            queue.kill()
            queue = self.queue(frontend=queue.frontend, backend=queue.backend)
            busy.give(token, b"for the old one")
            if self.program == "spqueue":
                queue.reaches(ready_late=1, workers=1)      # ready by that
            else:
                busy.ready()
                idle.ready()
                queue.reaches(workers=2)
            client.send(b"again", extra=[b"2"])
            answered = keeltest.eventually(lambda: [one for one in (busy, idle) if self.serves(one)], "a worker has it")
            self.assertEqual(len(answered), 1)
            self.assertEqual(client.recv(), ([b"2"], [b"again"]))

    def test_a_queue_that_is_frozen(self):
        """It does not hold its own absence against its workers."""
        queue = self.queue("--busy-timeout", 1500, heartbeat=500)
        client = self.client(queue, zmq.DEALER)
        self.workers(queue, 1)
        worker = self.peers[-1]
        client.send(b"held")
        token, _ = worker.request()
        queue.signal(signal.SIGSTOP)
        time.sleep(4.5)                                     # the time itself is what is looked at
        client.send(b"waits")
        worker.give(token, b"done")
        queue.signal(signal.SIGCONT)
        self.assertEqual(client.answer(), [b"done"])
        self.assertEqual(worker.answer(), [b"waits"])
        self.assertEqual(client.answer(), [b"waits"])
        stats = self.balanced(queue)
        self.assertEqual((stats["requeued"], stats["workers_expired"]), (0, 0))

    def test_a_thousand_workers(self):
        queue = self.queue()
        workers = self.workers(queue, 1000)
        client = self.client(queue, zmq.DEALER)
        for number in range(1000):
            client.send(b"%d" % number)
        queue.reaches(held=1000)
        start = time.monotonic()
        for number, worker in enumerate(workers):
            worker.answer()
        got = {client.answer()[0] for _ in range(1000)}
        self.assertEqual(got, {b"%d" % number for number in range(1000)})
        took("1,000 answers of as many workers", start, "some hundred")
        stats = self.balanced(queue)
        self.assertEqual((stats["held"], stats["workers"], stats["answers_dropped"]), (0, 1000, 0))


class Simple(Both, pirates.Case):
    program = "spqueue"

    def test_busy_worker_that_is_killed(self):
        """Nothing can be asked of a REQ: its request is requeued when its time is over, not before."""
        queue = self.queue("--busy-timeout", 700)
        client = self.client(queue)
        client.send(b"x")
        victim = self.process_worker(queue)
        other, start = self.worker(queue), time.monotonic()
        victim.kill()
        self.assertEqual(other.answer(), [b"x"])
        self.assertEqual(client.answer(), [b"x"])
        took("requeued after --busy-timeout 700", start, 700)
        stats = self.balanced(queue)
        self.assertEqual((stats["requeued"], stats["workers_expired"]), (1, 1))

    def test_busy_worker_that_is_frozen(self):
        queue = self.queue("--busy-timeout", 500)
        client = self.client(queue)
        client.send(b"x")
        victim = self.process_worker(queue)
        victim.signal(signal.SIGSTOP)
        self.worker(queue).answer()
        self.assertEqual(client.answer(), [b"x"])
        victim.kill()


class Paranoid(Both, pirates.Case):
    program = "ppqueue"

    def held_by(self, end, *options, beat=0):
        """How long after that end of its worker a request is with another, and the counters."""
        queue = self.queue(*options, heartbeat=100)
        client = self.client(queue)
        client.send(b"x")
        victim = self.process_worker(queue, beat)
        if beat:
            time.sleep(0.4)                                 # it is heard later than an interval after its request
        other, = self.workers(queue, 1)
        start = said = time.monotonic()
        end(victim)
        while not other.socket.poll(20) or other.socket.recv_multipart()[-1] != b"x":
            self.assertLess(time.monotonic() - start, keeltest.DEADLINE)
            other.beat()
            if time.monotonic() - said > 1:                 # where this process stood still for so long that it was expired
                other.ready()
                said = time.monotonic()
        return time.monotonic() - start, start, queue.stats()

    def test_busy_worker_that_is_killed(self):
        """Its connection is seen to go."""
        seconds, start, stats = self.held_by(lambda victim: victim.kill(), "--liveness", 3)
        took("a killed worker's request is with another", start, 100)
        self.assertLess(seconds, SOON)
        self.assertEqual(stats["workers_unreachable"], 1)

    def test_busy_worker_that_freezes(self):
        """Known to heartbeat while busy, it is held to the idle rule."""
        seconds, start, stats = self.held_by(lambda victim: victim.signal(signal.SIGSTOP), "--liveness", 3, beat=20)
        took("a frozen worker's request is with another", start, 500)
        self.assertLess(seconds, SOON)
        self.assertGreaterEqual(stats["requeued"], 1)

    def test_busy_worker_that_never_heartbeats(self):
        """It has the busy timeout, and not a moment more."""
        seconds, start, stats = self.held_by(lambda victim: victim.signal(signal.SIGSTOP), "--busy-timeout", 1200)
        took("with another after --busy-timeout 1200", start, 1200)
        self.assertGreater(seconds, 0.3)                    # the idle rule would have been at it by then
        self.assertGreaterEqual(stats["workers_expired"], 1)

    def test_idle_workers_that_freeze(self):
        """Expired, and strangers when they thaw."""
        queue = self.queue(heartbeat=200)
        victims = [self.process_worker(queue, 20, holds=False) for _ in range(2)]
        for victim in victims:
            victim.signal(signal.SIGSTOP)
        queue.reaches(workers_expired=2, workers=0)
        for victim in victims:
            victim.signal(signal.SIGCONT)
        keeltest.eventually(lambda: queue.stats()["strangers"] >= 2, "they heartbeat again")
        self.assertEqual(queue.stats()["workers"], 0)

    def test_connections_of_clients_are_no_reason_to_probe(self):
        queue = self.queue()
        worker, client = *self.workers(queue, 1), self.client(queue)
        client.send(b"x")
        worker.request()
        for number in range(20):
            other = self.client(queue, zmq.DEALER)
            other.put(b"noise")
            queue.reaches(malformed=number + 1)             # who has not spoken is not told of when it goes
            other.close()
        keeltest.eventually(lambda: queue.stats()["connections_ended"] >= 1, "they are seen to end")
        self.assertEqual(queue.stats()["probes"], 0)


if __name__ == "__main__":
    keeltest.main()
