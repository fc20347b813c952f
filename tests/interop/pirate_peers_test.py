"""Stock peers of spqueue and ppqueue: REQ and DEALER clients with envelopes of any depth, REQ workers, PPP workers."""
import threading
import time
from collections import Counter

import zmq

import keeltest
import mdp
import pirates


class Both:
    """What holds for either queue."""

    def test_clients_of_every_kind(self):
        queue = self.queue()
        self.workers(queue, 1)
        worker, hop = self.peers[0], self.hop(queue.frontend)
        clients = [(self.client(queue), ()), (self.client(queue, req_correlate=1), ()), (self.client(queue, zmq.DEALER), ()),
                   (self.client(queue, zmq.DEALER), (b"mark", b"\0" * 255)), (self.client(queue, zmq.DEALER), (mdp.wishes(),)),
                   (self.client(queue, zmq.DEALER), (b"x",) * 8), (self.client(hop), ()),
                   (self.client(self.hop(hop), zmq.DEALER), (b"a", b"b"))]
        for turn in range(3):
            for client, extra in clients:
                body = [b"", b"\0\1", b""] if turn % 2 else [b"only this"]
                client.send(*body, extra=extra)
                self.assertEqual(worker.answer(b"answer", *body), body)
                self.assertEqual(client.recv(), (list(extra), [b"answer", *body]))
        self.assertEqual(self.balanced(queue)["answered"], 24)

    def test_one_at_a_time_in_order(self):
        """Workers that have waited longest first; the others' requests wait."""
        queue = self.queue()
        first, second = self.workers(queue, 1) + self.workers(queue, 1)
        clients = [self.client(queue) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send(b"%d" % number)
            queue.reaches(accepted=number + 1)
        held = [worker.request() for worker in (first, second)]
        self.assertEqual([body for _, body in held], [[b"0"], [b"1"]])
        self.assertEqual((queue.stats()["held"], queue.stats()["waiting"]), (2, 2))
        second.give(held[1][0], b"done")
        held[1] = second.request()
        first.give(held[0][0], b"done")
        held[0] = first.request()
        self.assertEqual([body for _, body in held], [[b"3"], [b"2"]])
        for worker, (token, _) in zip((first, second), held):
            worker.give(token, b"done")
        self.assertEqual([client.answer() for client in clients], [[b"done"]] * 4)

    def test_requests_wait(self):
        queue = self.queue()
        client = self.client(queue, zmq.DEALER)
        for number in range(3):
            client.send(b"%d" % number)
        queue.reaches(waiting=3)
        worker = self.worker(queue)
        for number in range(3):
            self.assertEqual(worker.answer(), [b"%d" % number])
            self.assertEqual(client.answer(), [b"%d" % number])

    def test_their_time_to_live(self):
        """The options frame's, or the queue's."""
        queue = self.queue("--request-ttl", 400)
        client = self.client(queue, zmq.DEALER)
        client.send(b"short", extra=[mdp.wishes(100)])
        client.send(b"the queue's")
        client.send(b"long", extra=[mdp.wishes(60000)])
        queue.reaches(failed_404=2, waiting=1)
        self.assertEqual(self.worker(queue).answer(), [b"long"])
        self.assertEqual(client.answer(), [b"long"])        # and no notice before it

    def test_many_clients(self):
        """Each gets its own answers, each once."""
        queue, stop = self.queue(), threading.Event()
        served = Counter()

        def work(number):
            worker = self.worker(queue)
            while not stop.is_set():
                if worker.socket.poll(20):
                    frames = worker.socket.recv_multipart()
                    if len(frames) > 1:
                        worker.put(*frames)
                        served[number] += 1
            worker.close()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            clients = [self.client(queue, zmq.DEALER) for _ in range(20)]
            for turn in range(20):
                for number, client in enumerate(clients):
                    client.send(b"%d.%d" % (number, turn), extra=[b"%d" % turn])
            for number, client in enumerate(clients):
                got = [client.recv() for _ in range(20)]
                self.assertEqual(got, [([b"%d" % turn], [b"%d.%d" % (number, turn)]) for turn in sorted(range(20), key=lambda one:
                                 [int(extra[0]) for extra, _ in got].index(one))])
                self.assertEqual(len({extra[0] for extra, _ in got}), 20)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(sum(served.values()), 400)
        self.assertEqual(self.balanced(queue)["answers_dropped"], 0)

    def test_answers_of_nobody(self):
        """Under somebody else's token, one that was invented, or one that is used up."""
        queue = self.queue()
        first, second = self.workers(queue, 1, **self.dealer) + self.workers(queue, 1, **self.dealer)
        client = self.client(queue, zmq.DEALER)
        client.send(b"1")
        token, _ = self.asked(first)
        self.says(second, token, b"", b"stolen")
        self.says(first, b"0123456789abcdef", b"", b"invented")
        self.says(first, token, b"more", b"", b"wrong envelope")
        self.says(first, token, b"", b"right")
        self.says(first, token, b"", b"again")
        self.assertEqual(client.answer(), [b"right"])
        queue.reaches(answers_dropped=4, held=0, workers=2)
        client.send(b"2")                                   # the next in turn is the second
        token, body = self.asked(second)
        self.assertEqual(body, [b"2"])
        self.says(second, token, b"", b"done")
        self.assertEqual(client.answer(), [b"done"])

    def test_garbage_makes_nobody_ready(self):
        queue = self.queue()
        raw = self.raw(queue.backend)
        lead = [b""] if self.program == "spqueue" else []
        for frames in ([b"\2"], [b"\3"], [b""], [b"READY"], [b"\1\1"], [b"x", b"", b"y"], [b"", b"y"], [b"\1", b"\1"]):
            raw.put(*lead, *frames)
        stats = keeltest.eventually(lambda: (lambda stats: stats["messages"] == 8 and stats)(queue.stats()), "all are read")
        self.assertEqual((stats["workers"], stats["malformed"] + stats["strangers"]), (0, 8))
        raw.put(*lead, b"\1")
        queue.reaches(workers=1)


class Simple(Both, pirates.Case):
    program = "spqueue"
    dealer = {"kind": zmq.DEALER}

    def worker(self, queue, ready=True, kind=None, **options):
        """A REQ, or a DEALER that does as one."""
        if kind is None:
            return super().worker(queue, ready, **options)
        worker = self.raw(queue.backend, kind)
        if ready:
            self.says(worker, b"\1")
        return worker

    @staticmethod
    def says(worker, *frames):
        worker.put(b"", *frames)

    def asked(self, worker):
        frames = worker.get("request")
        self.assertEqual((frames[0], frames[2]), (b"", b""))
        return frames[1], frames[3:]

    def test_ready_again(self):
        """Idle or busy, it is counted and changes nothing."""
        queue = self.queue()
        worker, = self.workers(queue, 1, kind=zmq.DEALER)
        for _ in range(2):
            self.says(worker, b"\1")
        queue.reaches(ready_repeated=2)
        client = self.client(queue, zmq.DEALER)
        for number in range(2):
            client.send(b"%d" % number)
        token, body = self.asked(worker)
        self.assertEqual(body, [b"0"])
        for _ in range(3):
            self.says(worker, b"\1")
        self.assertEqual(queue.reaches(ready_repeated=5)["held"], 1)
        self.says(worker, token, b"", b"first")
        self.assertEqual(client.answer(), [b"first"])
        token, _ = self.asked(worker)
        self.says(worker, token, b"", b"second")
        self.assertEqual(client.answer(), [b"second"])

    def test_a_late_answer(self):
        """Dropped; its REQ worker is ready again."""
        queue = self.queue("--busy-timeout", 300)
        late, = self.workers(queue, 1)
        client = self.client(queue)
        client.send(b"slow")
        token, _ = late.request()
        queue.reaches(workers_expired=1, waiting=1)
        other = self.worker(queue)
        self.assertEqual(other.answer(b"in time"), [b"slow"])
        self.assertEqual(client.answer(), [b"in time"])
        late.give(token, b"too late")
        stats = queue.reaches(ready_late=1)
        self.assertEqual((stats["answers_dropped"], stats["workers"]), (1, 2))
        for _ in range(2):                                  # both of them work
            client.send(b"next")
            worker = keeltest.eventually(lambda: next((one for one in (late, other) if one.socket.poll(0)), None), "a request")
            worker.answer()
            self.assertEqual(client.answer(), [b"next"])

    def test_an_idle_worker_is_kept(self):
        """Nobody heartbeats, and nobody is expired for it."""
        queue = self.queue("--busy-timeout", 100)
        worker, = self.workers(queue, 1)
        time.sleep(0.5)                                     # five times as long as a busy one has
        self.assertEqual(queue.stats()["workers"], 1)
        self.assertFalse(worker.socket.poll(0))
        client = self.client(queue)
        client.send(b"x")
        worker.answer()
        self.assertEqual(client.answer(), [b"x"])


class Paranoid(Both, pirates.Case):
    program = "ppqueue"
    dealer = {}

    @staticmethod
    def says(worker, *frames):
        worker.put(*frames)

    def asked(self, worker):
        return worker.request()

    def test_heartbeats(self):
        """To idle and busy workers, about one an interval."""
        queue = self.queue("--liveness", 1000, heartbeat=50)
        idle, busy = self.workers(queue, 2, silent=True)
        client = self.client(queue)
        client.send(b"x")
        keeltest.eventually(lambda: queue.stats()["held"] == 1, "one of them is busy")
        for worker in (idle, busy):
            start = time.monotonic()
            while worker.beats < 4:
                if worker.socket.poll(1000) and worker.socket.recv_multipart() == [b"\2"]:
                    worker.beats += 1
                self.assertLess(time.monotonic() - start, keeltest.DEADLINE)

    def test_a_busy_worker_that_heartbeats(self):
        """... is not ready by that, and is known to do so."""
        queue = self.queue(heartbeat=100)
        worker, client = *self.workers(queue, 1), self.client(queue, zmq.DEALER)
        for number in range(2):
            client.send(b"%d" % number)
        token, _ = worker.request()
        end = time.monotonic() + 0.6                        # twice the time of one that is silent
        while time.monotonic() < end:
            worker.beat()
            if worker.socket.poll(20):
                self.assertEqual(worker.socket.recv_multipart(), [b"\2"])
        worker.give(token, b"done")
        self.assertEqual(worker.answer(), [b"1"])
        self.assertEqual([client.answer(), client.answer()], [[b"done"], [b"1"]])

    def test_a_silent_idle_worker(self):
        """Expired; what it says then is a stranger's, and READY makes it a worker."""
        queue = self.queue(heartbeat=100)
        worker, = self.workers(queue, 1, silent=True)
        queue.reaches(workers_expired=1, workers=0)
        before = queue.stats()["strangers"]
        worker.beat()
        queue.reaches(strangers=before + 1, workers=0)
        worker.ready()
        queue.reaches(workers=1)

    def test_ready_again(self):
        """A new session: what it held is given out again, and its answer to that is nobody's."""
        queue = self.queue()
        worker, client = *self.workers(queue, 1), self.client(queue)
        client.send(b"x")
        old, _ = worker.request()
        worker.ready()
        new, body = worker.request()
        self.assertEqual(body, [b"x"])
        self.assertNotEqual(old, new)
        worker.give(old, b"old")
        worker.give(new, b"new")
        self.assertEqual(client.answer(), [b"new"])
        stats = queue.reaches(answers_dropped=1)
        self.assertEqual((stats["ready_repeated"], stats["requeued"], stats["workers"]), (1, 1, 1))

    def test_before_ready(self):
        queue = self.queue()
        worker = self.worker(queue, ready=False)
        worker.beat()
        worker.give(b"0123456789abcdef", b"x")
        queue.reaches(strangers=2, workers=0, answers_dropped=0)


if __name__ == "__main__":
    keeltest.main()
