"""Noise, floods, peers that do not read, messages past every limit: the broker answers all the same and does not grow."""
import os
import random
import signal
import socket
import time

import zmq

import keeltest
import mdp

SANITIZED_GROWTH = 5              # what a sanitizer's quarantine may hold, in times of what is allowed without


def noise(random_one):
    """One message: pure noise, or a good one that was hit."""
    def some(least, most):
        return random_one.randbytes(random_one.randint(least, most))
    good = random_one.choice([
        [b"", b"MDPC01", b"svc", b"body"], [b"MDPC02", b"\1", b"svc", b"body"], [b"", b"MDPW01", b"\1", b"svc"],
        [b"MDPW02", b"\1", b"svc", b"7"], [b"", b"MDPW01", b"\3", b"0" * 16, b"", b"x"], [b"MDPW02", b"\4", b"0" * 16, b"", b"x"],
        [b"", b"MDPW01", b"\4"], [b"MDPW02", b"\6"], [mdp.wishes(), b"", b"MDPC01", b"mmi.service", b"svc"],
        [b"x", b"y", b"", b"MDPC02", b"\1", b"mmi.stats", b""]])
    kind = random_one.randrange(5)
    if kind == 0:
        return [some(0, 40) for _ in range(random_one.randint(1, 12))]
    frames, at = list(good), random_one.randrange(len(good))
    if kind == 1:
        frames.insert(at, random_one.choice([b"", b"\0", some(1, 300)]))
    elif kind == 2:
        frames = frames[:at] or [b""]
    elif kind == 3:
        frames[at] = random_one.choice([frames[at] + b"\0", frames[at][:-1], some(0, 20), frames[at] * 60])
    return frames


class Noise(keeltest.Case):
    def test_twenty_thousand_messages(self):
        broker = self.broker("--request-ttl", 300)
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        with self.subTest(seed=seed):
            before = 0
            for batch in range(20):
                peers = [self.raw(broker) for _ in range(4)]
                for number in range(1000):
                    peers[number % 4].put(*noise(rng))
                for peer in peers:
                    peer.sync()
                    peer.arrived.clear()
                    peer.close()
                if batch == 4:
                    before = broker.status("VmRSS")
            self.assertLess(broker.status("VmRSS") - before, 4096 * SANITIZED_GROWTH)
            client = self.client(broker)
            keeltest.eventually(lambda: client.stats()["waiting"] == 0, "what it asked for has failed")
            self.still_serves(broker, b"other")
            stats = self.balanced(broker)
            self.assertEqual(stats["malformed"], sum(stats["malformed_by_reason"].values()))
            self.assertGreater(stats["malformed"], 2000)

    def test_each_reason_is_counted_and_logged_once_a_second(self):
        broker = self.broker()
        cases = {"short": [b"MDPC02"], "no-header": [b"x"], "envelope": [b"x" * 256, b"", b"MDPC01", b"s", b"b"],
                 "command": [b"MDPC02", b"\2", b"s", b"b"], "service": [b"", b"MDPC01", b"", b"b"],
                 "credit": [b"MDPW02", b"\1", b"s", b"x"], "delimiter": [b"MDPW02", b"\4", b"0" * 16, b"x", b"b"],
                 "body": [b"", b"MDPC01", b"s"], "frames": [b"", b"MDPC01", b"s", *[b"b"] * 2000]}
        raw, start = self.raw(broker), time.monotonic()
        for frames in cases.values():
            for _ in range(50):
                raw.put(*frames)
        raw.sync()
        seconds = time.monotonic() - start
        reasons = self.client(broker).stats()["malformed_by_reason"]
        self.assertEqual({name: reasons[name] for name in cases}, dict.fromkeys(cases, 50))
        lines = broker.err().count("malformed message dropped")
        self.assertGreaterEqual(lines, len(cases))
        self.assertLessEqual(lines, len(cases) * (2 + seconds))

    def test_bytes_of_peers_do_not_reach_the_log_raw(self):
        broker = self.broker("--limit-outstanding", 1)
        raw = self.client(broker)
        for _ in range(3):
            raw.send(b"%s%n\\x1b", b"x")
        raw.sync()
        worker = self.worker(broker, b"mmi.\x1b[31m\n<0>boo", ready=False, routing_id=b"\x1b[2J\n")
        worker.ready()
        worker.dismissed()
        broker.says("READY refused|malformed")
        self.assertNotIn("\x1b", broker.err())
        self.assertNotIn("\n<0>boo", broker.err())


class Limits(keeltest.Case):
    def test_oversized_frame(self):
        """Its sender is disconnected; nobody else notices. libzmq connects again."""
        for bind in (None, "tcp://127.0.0.1:*"):
            broker = self.broker("--limit-frame-bytes", "64K", bind=bind)
            client, other, worker = self.client(broker), self.client(broker), self.worker(broker)
            client.send(b"echo", b"x" * 65536)              # the largest
            self.assertEqual(len(worker.answer().body[0]), 65536)
            self.assertEqual(len(client.recv().body[0]), 65536)
            monitor = client.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            client.send(b"echo", b"small", b"x" * 65537)
            self.assertTrue(monitor.poll(keeltest.DEADLINE * 1000))
            client.socket.disable_monitor()
            monitor.close(0)
            keeltest.eventually(lambda: other.stats()["connections_ended"] >= 1, "it is counted")
            self.assertEqual(other.stats()["accepted"], 1)
            other.send(b"echo", b"unhurt")
            worker.answer()
            self.assertEqual(other.recv().body, [b"unhurt"])
            client.sync()                                   # on its new connection
            self.still_serves(broker, b"more")

    def test_worker_that_sends_an_oversized_frame(self):
        broker = self.broker("--limit-frame-bytes", "64K")
        client, worker = self.client(broker), self.worker(broker)
        client.send(b"echo", b"q")
        request = worker.request()
        worker.final(request.token, b"x" * 100000)
        other = self.worker(broker)
        self.assertEqual(other.answer().body, [b"q"])
        self.assertEqual(client.recv().body, [b"q"])

    def test_too_many_frames(self):
        broker = self.broker("--limit-frames", 100)
        client, worker = self.client(broker), self.worker(broker)
        for count in (99, 100, 101, 110, 120, 2000, 20000):  # of a body: what is taken can be answered in kind
            client.send(b"echo", *[b"f"] * count)
        client.sync()
        stats = client.stats()
        self.assertEqual((stats["malformed_by_reason"]["frames"], stats["accepted"]), (5, 2))
        for count in (99, 100):
            self.assertEqual(len(worker.answer().body), count)
            self.assertEqual(len(client.recv().body), count)
        client.quiet()
        worker.quiet()

    def test_default_limit_of_frames(self):
        broker = self.broker()
        client, worker = self.client(broker), self.worker(broker)
        client.send(b"echo", *[b"f"] * 2000)
        client.send(b"echo", *[b"f"] * 1000)
        self.assertEqual(len(worker.answer().body), 1000)
        self.assertEqual(len(client.recv().body), 1000)
        client.quiet()
        self.assertEqual(client.stats()["malformed_by_reason"]["frames"], 1)

    def test_held_partials_are_bounded(self):
        broker = self.broker("--limit-partial-bytes", "2M")
        client, worker = self.asking(broker), self.worker(broker, form="strict2")
        client.send(b"echo", b"q")
        request, before = worker.request(), broker.status("VmRSS")
        for _ in range(60):
            worker.partial(request.token, b"x" * (1 << 20))
            worker.quiet()
        client.notice(502, b"echo")
        self.assertLess(broker.status("VmRSS") - before, 40 * 1024 * SANITIZED_GROWTH)
        self.assertLess(client.stats()["bytes"], 4096)      # the worker is still at it

    def test_flood_of_one_client(self):
        broker = self.broker("--limit-outstanding", 500)
        flood, other = self.asking(broker), self.client(broker)
        before = broker.status("VmRSS")
        for _ in range(20000):
            flood.send(b"nobody", b"x")
        for _ in range(19500):
            flood.notice(429, b"nobody")
        flood.quiet()
        worker = self.worker(broker)
        other.send(b"echo", b"x")
        worker.answer()
        other.recv()
        self.assertLess(broker.status("VmRSS") - before, 8192 * SANITIZED_GROWTH)
        self.assertEqual(self.balanced(broker)["refused_outstanding"], 19500)

    def test_flood_of_services(self):
        """Names that nobody serves cost nothing once their requests are gone."""
        broker = self.broker("--limit-services", 1000)
        client = self.asking(broker, ttl=300)
        for number in range(5000):
            client.send(b"s%d" % number, b"x")
        codes = [client.recv().body[0] for _ in range(5000)]
        self.assertEqual((codes.count(b"503") + codes.count(b"404")), 5000)
        self.assertGreaterEqual(codes.count(b"404"), 1000)
        self.assertEqual(client.stats()["services"], 0)


class NotReading(keeltest.Case):
    def deaf(self, broker, kind=zmq.DEALER):
        """A socket that takes in next to nothing."""
        return self.raw(broker, kind, rcvhwm=1, rcvbuf=4096)

    def test_client_that_never_reads(self):
        """Its answers are dropped, counted and said; others have theirs, in time."""
        broker = self.broker("--limit-pipe", 100)
        deaf = self.deaf(broker)
        worker, other = self.worker(broker, credit=50), self.client(broker)
        before, sent = broker.status("VmRSS"), 0
        while not other.stats()["clients_full"]:
            self.assertLess(sent, 200000)
            for _ in range(50):
                deaf.put(b"", b"MDPC01", b"echo", b"x" * 1000)
            for _ in range(50):
                worker.answer()
            sent += 50
        other.send(b"echo", b"y")
        worker.answer()
        self.assertEqual(other.recv().body, [b"y"])
        broker.says("does not read")
        self.assertLess(broker.status("VmRSS") - before, 16384 * SANITIZED_GROWTH)
        self.assertEqual(self.balanced(broker)["held"], 0)

    def test_twenty_thousand_unread_replies_of_mmi(self):
        broker = self.broker("--limit-pipe", 1000)
        deaf, other = self.deaf(broker), self.client(broker)
        before = broker.status("VmRSS")
        for _ in range(20000):
            deaf.put(b"", b"MDPC01", b"mmi.stats", b"")
        keeltest.eventually(lambda: other.stats()["mmi_requests"] >= 20000, "all are read")
        self.still_serves(broker)
        self.assertGreater(other.stats()["clients_full"], 0)
        self.assertLess(broker.status("VmRSS") - before, 32768 * SANITIZED_GROWTH)

    def test_worker_that_never_reads(self):
        """It gets its credit and no more; its requests go to another once it is silent for too long."""
        broker = self.broker("--busy-timeout", 500, "--limit-pipe", 100, heartbeat=100)
        deaf = self.deaf(broker)
        deaf.put(b"", b"MDPW01", b"\1", b"echo", b"65535")
        client = self.client(broker)
        self.registered(broker, b"echo")
        for number in range(150):
            client.send(b"echo", b"%d" % number + b"x" * 20000)
        client.sync()
        self.assertEqual(client.report(b"mmi.explain", b"echo")["held"], 100)
        self.assertEqual(client.stats()["workers_full"], 0)
        keeltest.eventually(lambda: client.stats()["workers"] == 0, "it is let go")
        good = self.process_worker(broker, "led1", 1, 20)
        good.kill()
        worker = self.worker(broker, credit=20)
        got = []
        while len(got) < 150:
            got.append(int(worker.answer(b"done").body[0].rstrip(b"x")))
        self.assertEqual(sorted(got), list(range(150)))
        for _ in range(150):
            client.recv()

    def test_slow_worker_with_all_the_credit_there_is(self):
        """It reads one request, answers it, and so on, while its pipe is full: it is never let go, and loses nothing."""
        broker = self.broker("--limit-pipe", 100)
        worker, client = self.worker(broker, credit=100, ready=False, rcvhwm=1, rcvbuf=4096), self.client(broker)
        worker.ready()
        self.registered(broker, b"echo")
        for number in range(600):
            client.send(b"echo", b"%d" % number, b"x" * 20000)
            if number % 20 == 19:
                client.sync()
        for number in range(600):
            self.assertEqual(worker.answer(b"done").body[0], b"%d" % number)
        for number in range(600):
            client.recv()
        self.assertEqual(self.balanced(broker)["requeued"], 0)

    def test_peer_that_opens_connections_and_says_nothing(self):
        broker = self.broker(bind="tcp://127.0.0.1:*")
        host, port = broker.endpoint[6:].rsplit(":", 1)
        silent = [socket.create_connection((host, int(port))) for _ in range(200)]
        for one in silent[:100]:
            one.sendall(os.urandom(100))
        self.still_serves(broker)
        for one in silent:
            one.close()
        self.still_serves(broker)

    def test_other_socket_types(self):
        """A ROUTER, REP or SUB that connects is answered or ignored; nothing breaks."""
        broker = self.broker()
        router = self.raw(broker, zmq.ROUTER, probe_router=1)
        for kind in (zmq.REP, zmq.SUB, zmq.PULL, zmq.PUSH, zmq.PAIR):
            self.raw(broker, kind)
        self.still_serves(broker)
        router.close()
        self.still_serves(broker)


class Idle(keeltest.Case):
    def test_sleeps_while_nothing_happens(self):
        """With registered workers, waiting requests and one that is held; and after traffic."""
        broker = self.broker()
        client, worker = self.client(broker), self.worker(broker, credit=2)
        client.send(b"echo", b"x")
        worker.request()
        for number in range(100):
            self.worker(broker, b"w%d" % number)
            client.send(b"nobody%d" % number, b"x")
        client.sync()
        before, start = broker.sleeps(), time.monotonic()
        time.sleep(1)                                       # the time itself is what is looked at
        self.assertLess(broker.sleeps() - before, 100 * (time.monotonic() - start))

    def test_frozen_and_thawed_it_goes_on(self):
        broker = self.broker(heartbeat=100)
        client, worker = self.client(broker), self.worker(broker)
        client.send(b"echo", b"x")
        request = worker.request()
        broker.signal(signal.SIGSTOP)
        time.sleep(0.5)                                     # longer than a worker may be silent
        worker.final(request.token, b"x")
        broker.signal(signal.SIGCONT)
        self.assertEqual(client.recv().body, [b"x"])
        self.still_serves(broker)


if __name__ == "__main__":
    keeltest.main()
