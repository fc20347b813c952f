"""Noise and floods on both sockets of the Pirates' queues, and messages past every limit: they serve all the same and do not grow."""
import os
import random
import socket
import time

import zmq

import keeltest
import mdp
import pirates

SANITIZED_GROWTH = 5              # what a sanitizer's quarantine may hold, in times of what is allowed without


def noise(rng):
    """One message: pure noise, or a good one that was hit."""
    def some(least, most):
        return rng.randbytes(rng.randint(least, most))
    good = rng.choice([[b"\1"], [b"\2"], [b"", b"\1"], [b"", b"body"], [b"mark", b"", b"body", b"more"], [b"0" * 16, b"", b"x"],
                       [b"", b"0" * 16, b"", b"x"], [mdp.wishes(), b"", b"x"], [b"x"] * 8 + [b"", b"x"]])
    frames, at = list(good), rng.randrange(len(good))
    kind = rng.randrange(5)
    if kind == 0:
        return [some(0, 40) for _ in range(rng.randint(1, 12))]
    if kind == 1:
        frames.insert(at, rng.choice([b"", b"\0", some(1, 300)]))
    elif kind == 2:
        frames = frames[:at] or [b""]
    elif kind == 3:
        frames[at] = rng.choice([frames[at] + b"\0", frames[at][:-1], some(0, 20), frames[at] * 60])
    return frames


class Both:
    def test_twenty_thousand_messages(self):
        """On both sides. Their senders leave, and a client and a worker are served."""
        queue = self.queue("--request-ttl", 300, "--busy-timeout", 300, heartbeat=100)
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        with self.subTest(seed=seed):
            before, sent = 0, 0
            for batch in range(20):
                peers = [self.raw(end) for end in (queue.frontend, queue.backend) for _ in range(2)]
                for number in range(1000):
                    peers[number % 4].put(*noise(rng))
                sent += 1000
                queue.reaches(messages=sent)
                for peer in peers:
                    peer.close()
                if batch == 4:
                    before = queue.status("VmRSS")
            self.assertLess(queue.status("VmRSS") - before, 4096 * SANITIZED_GROWTH)
            keeltest.eventually(lambda: queue.stats()["waiting"] + queue.stats()["held"] == 0, "all that it asked for has ended")
            self.still_serves(queue)
            self.assertGreater(self.balanced(queue)["malformed"], 2000)

    def test_each_reason_is_counted_and_logged_once_a_second(self):
        queue = self.queue("--limit-frames", 20)
        lead = [b""] if self.program == "spqueue" else []
        of_clients = {"delimiter": [b"x"], "body": [b""], "envelope": [b"x" * 256, b"", b"y"], "frames": [b"", *[b"x"] * 21]}
        of_workers = {"command": [*lead, b"\3"], "body": [*lead, b"0" * 16, b""], "delimiter": [*lead, b"\1", b"\1"],
                      "envelope": [*lead, *[b"x"] * 10, b"", b"y"], "frames": [*lead, b"0" * 16, b"", *[b"x"] * 2000]}
        start = time.monotonic()
        for end, cases in ((queue.frontend, of_clients), (queue.backend, of_workers)):
            raw = self.raw(end)
            for frames in cases.values():
                for _ in range(50):
                    raw.put(*frames)
        stats = queue.reaches(messages=450)
        seconds = time.monotonic() - start
        reasons = stats["malformed_by_reason"]
        self.assertEqual({name: reasons[name] for name in of_workers},
                         {"command": 50, "body": 100, "delimiter": 100, "envelope": 100, "frames": 100})
        lines = queue.err().count("malformed message dropped")
        self.assertGreaterEqual(lines, 5)
        self.assertLessEqual(lines, 5 * (2 + seconds))

    def test_oversized_frame(self):
        """Its sender is disconnected; nobody else notices."""
        queue = self.queue("--limit-frame-bytes", "64K")
        worker, client, other = self.worker(queue), self.client(queue, zmq.DEALER), self.client(queue)
        client.send(b"x" * 65536)                           # the largest
        self.assertEqual(len(worker.answer()[0]), 65536)
        self.assertEqual(len(client.answer()[0]), 65536)
        client.send(b"x" * 65537)
        keeltest.eventually(lambda: queue.stats()["connections_ended"] >= 1, "it is counted")
        other.send(b"unhurt")
        worker.answer()
        self.assertEqual(other.answer(), [b"unhurt"])
        self.assertEqual(queue.stats()["accepted"], 2)

    def test_answer_of_too_many_frames(self):
        """Its request fails, and its worker goes on."""
        queue = self.queue("--limit-frames", 20)
        worker, client = self.worker(queue), self.client(queue, zmq.DEALER)
        for count in (21, 40, 2000, 20):
            client.send(b"%d" % count)
            self.assertEqual(worker.answer(*[b"x"] * count), [b"%d" % count])
        self.assertEqual(len(client.answer()), 20)
        self.assertEqual(self.balanced(queue)["failed_502"], 3)

    def test_flood_of_one_client(self):
        queue = self.queue("--limit-outstanding", 500)
        flood, before = self.client(queue, zmq.DEALER), queue.status("VmRSS")
        for _ in range(20000):
            flood.send(b"x")
        stats = queue.reaches(refused_outstanding=19500)
        self.assertEqual(stats["waiting"], 500)
        other = self.client(queue)
        other.send(b"in between")
        queue.reaches(accepted=501)
        worker = self.worker(queue)
        self.assertIn([b"in between"], [worker.answer() for _ in range(2)])
        self.assertEqual(other.answer(), [b"in between"])
        self.assertLess(queue.status("VmRSS") - before, 8192 * SANITIZED_GROWTH)

    def test_flood_of_all(self):
        """What waits is bounded, in number and in bytes."""
        queue = self.queue("--limit-queued", 1000, "--limit-queued-bytes", "256K")
        clients, before = [self.client(queue, zmq.DEALER) for _ in range(10)], queue.status("VmRSS")
        for number in range(20000):
            clients[number % 10].send(b"x" * (number % 1000))
        stats = queue.reaches(messages=20000)
        self.assertLessEqual(stats["bytes"], 256 << 10)
        self.assertEqual(stats["accepted"] + stats["refused_queue"], 20000)
        self.assertLess(queue.status("VmRSS") - before, 8192 * SANITIZED_GROWTH)

    def test_flood_of_workers(self):
        queue = self.queue("--limit-workers", 10)
        self.workers(queue, 10)
        late = self.worker(queue)
        queue.reaches(ready_refused=1, workers=10)
        queue.says("READY refused")
        client = self.client(queue, zmq.DEALER)
        for _ in range(11):
            client.send(b"x")
        queue.reaches(held=10, waiting=1)
        self.assertFalse(late.socket.poll(0))

    def test_worker_that_does_not_read(self):
        """It has one request at a time, so nothing more can pile up than heartbeats; those are dropped."""
        queue = self.queue("--busy-timeout", 500, "--limit-pipe", 10, heartbeat=50)
        deaf = self.raw(queue.backend, rcvhwm=1, rcvbuf=4096)
        deaf.put(*([b""] if self.program == "spqueue" else []), b"\1")
        queue.reaches(workers=1)
        client = self.client(queue)
        client.send(b"x" * 1000000)
        keeltest.eventually(lambda: queue.stats()["workers"] == 0, "it is let go")
        self.assertEqual(len(self.worker(queue).answer()[0]), 1000000)
        client.answer()

    def test_connections_that_say_nothing(self):
        queue = self.queue(frontend="tcp://127.0.0.1:*", backend="tcp://127.0.0.1:*")
        silent = []
        for end in (queue.frontend, queue.backend):
            host, port = end[6:].rsplit(":", 1)
            silent += [socket.create_connection((host, int(port))) for _ in range(100)]
        for one in silent[::2]:
            one.sendall(os.urandom(100))
        self.still_serves(queue)
        for one in silent:
            one.close()

    def test_other_socket_types(self):
        queue = self.queue()
        for end in (queue.frontend, queue.backend):
            for kind in (zmq.REP, zmq.SUB, zmq.PULL, zmq.PUSH, zmq.PAIR):
                self.raw(end, kind)
            self.raw(end, zmq.ROUTER, probe_router=1)
        self.still_serves(queue)

    def test_bytes_of_peers_do_not_reach_the_log_raw(self):
        queue = self.queue("--limit-workers", 1, "--limit-outstanding", 1)
        for end in (queue.frontend, queue.backend):
            raw = self.raw(end, routing_id=b"\x1b[2J\n<0>boo")
            for frames in ([b"\x1b[31m"], [b"", b"\1"], [b"\1"], [b"", b"\x1b[31m"], [b"", b"\x1b[31m"]):
                raw.put(*frames)
        queue.reaches(messages=10)
        self.assertNotIn("\x1b", queue.err())
        self.assertNotIn("\n<0>boo", queue.err())

    def test_sleeps_while_nothing_happens(self):
        """With idle workers, one that is busy, and requests that have been."""
        queue = self.queue()
        self.workers(queue, 50)
        client = self.client(queue, zmq.DEALER)
        client.send(b"x")
        queue.reaches(held=1)
        before, start = queue.sleeps(), time.monotonic()
        time.sleep(1)                                       # the time itself is what is looked at
        self.assertLess(queue.sleeps() - before, 100 * (time.monotonic() - start))


class Simple(Both, pirates.Case):
    program = "spqueue"


class Paranoid(Both, pirates.Case):
    program = "ppqueue"


if __name__ == "__main__":
    keeltest.main()
