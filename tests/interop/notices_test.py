"""Failure notices: every code, to who asked for them and to nobody else; ttls, attempts, limits."""
import time

import keeltest
import mdp

ASKING = ("asking1", "asking2")


class Notices(keeltest.Case):
    def fragile(self, broker, times, leave):
        """Workers that get a request and leave it, one after the other."""
        for _ in range(times):
            worker = self.worker(broker, b"fragile")
            worker.request()
            leave(worker)

    def test_404(self):
        broker = self.broker()
        start = time.monotonic()
        clients = [self.asking(broker, form, ttl=200) for form in ASKING] + [self.asking(self.hop(broker), "asking2", ttl=200)]
        for client in clients:
            client.send(b"nobody", b"x", b"y", extra=[b"a", b"b"])
        for client in clients:
            self.assertEqual(client.notice(404, b"nobody").extra[:2], (b"a", b"b"))
        self.assertGreaterEqual(time.monotonic() - start, 0.19)
        clients[0].quiet()
        self.assertEqual(self.balanced(broker)["failed_404"], 3)

    def test_504(self):
        """There is a worker, and it is not free in time; what it holds is left to it."""
        broker = self.broker()
        worker, client = self.worker(broker), self.asking(broker, ttl=200)
        for body in (b"held", b"waits"):
            client.send(b"echo", body)
        request = worker.request()
        client.notice(504, b"echo")
        worker.final(request.token, b"late, and taken")
        self.assertEqual(client.recv().body, [b"late, and taken"])
        worker.quiet()
        client.quiet()
        self.assertEqual(self.balanced(broker)["failed_504"], 1)

    def test_504_when_it_comes_back_past_its_deadline(self):
        broker = self.broker("--request-ttl", 150)
        worker, client = self.worker(broker), self.asking(broker, "asking2")
        client.send(b"echo", b"x")
        worker.request()
        keeltest.eventually(lambda: self.client(broker).report(b"mmi.explain", b"echo")["held"] == 1, "held")
        time.sleep(0.2)                                     # its ttl passes
        client.quiet()
        other = self.worker(broker)
        worker.send("disconnect")
        client.notice(504, b"echo")
        other.quiet()

    def test_502_attempts_used_up(self):
        for leave in (lambda worker: worker.send("disconnect"), lambda worker: worker.ready(), lambda worker: worker.close()):
            broker = self.broker("--max-attempts", 3)
            clients = [self.asking(broker, form) for form in ASKING]
            for client in clients:
                client.send(b"fragile", b"x")
                self.fragile(broker, 3, leave)
                client.notice(502, b"fragile")
            self.worker(broker, b"fragile").quiet()
            self.assertEqual(self.balanced(broker)["failed_502"], 2)

    def test_no_limit_of_attempts(self):
        broker = self.broker("--max-attempts", 0)
        client = self.asking(broker)
        client.send(b"fragile", b"x")
        self.fragile(broker, 20, lambda worker: worker.send("disconnect"))
        self.worker(broker, b"fragile").answer()
        self.assertEqual(client.recv().body, [b"x"])

    def test_429(self):
        broker = self.broker("--limit-outstanding", 5)
        client, stock, other = self.asking(broker), self.client(broker), self.asking(broker, "asking2")
        for one in (client, stock):
            for number in range(8):
                one.send(b"echo", b"%d" % number, extra=[b"%d" % number])
        self.assertEqual([client.notice(429, b"echo").extra[0] for _ in range(3)], [b"5", b"6", b"7"])
        stock.quiet()
        client.send(b"elsewhere", b"x")                     # over all services
        client.notice(429, b"elsewhere")
        other.send(b"echo", b"other")
        other.quiet()
        worker = self.worker(broker, credit=3)
        for _ in range(11):
            worker.answer()
        for one in (client, stock):
            self.assertEqual([one.recv().extra[0] for _ in range(5)], [b"%d" % number for number in range(5)])
        client.send(b"echo", b"there is room")
        worker.answer()
        self.assertEqual(client.recv().body, [b"there is room"])
        self.assertEqual(self.balanced(broker)["refused_outstanding"], 7)

    def test_429_a_held_one_counts(self):
        broker = self.broker("--limit-outstanding", 1)
        client, worker = self.asking(broker), self.worker(broker, credit=5)
        client.send(b"echo", b"1")
        request = worker.request()
        client.send(b"echo", b"2")
        client.notice(429, b"echo")
        worker.final(request.token, b"1")
        client.recv()
        client.send(b"echo", b"3")
        self.assertEqual(worker.answer().body, [b"3"])

    def test_503_queue(self):
        broker = self.broker("--limit-queued", 4)
        first, client = self.client(broker), self.asking(broker)
        for _ in range(4):
            first.send(b"echo", b"x")
        first.sync()
        client.send(b"other", b"x")
        client.notice(503, b"other")
        self.worker(broker).answer()
        first.recv()
        client.send(b"echo", b"x")
        client.quiet()

    def test_503_queued_bytes(self):
        broker = self.broker("--limit-queued-bytes", "1M")
        first, client = self.client(broker), self.asking(broker)
        first.send(b"echo", b"x" * 900000)
        first.sync()
        client.send(b"echo", b"y" * 200000)
        client.notice(503, b"echo")
        worker = self.worker(broker)
        self.assertEqual(len(worker.answer().body[0]), 900000)
        first.recv()
        client.send(b"echo", b"y" * 900000)
        worker.answer()
        client.recv()
        self.assertEqual(self.balanced(broker)["bytes"], 0)

    def test_503_services(self):
        broker = self.broker("--limit-services", 3)
        client = self.asking(broker)
        for number in range(5):
            client.send(b"s%d" % number, b"x")
        for number in (3, 4):
            client.notice(503, b"s%d" % number)
        late = self.worker(broker, b"s9", ready=False)
        late.ready()
        late.dismissed()
        workers = [self.worker(broker, b"s%d" % number) for number in range(3)]
        for worker in workers:
            worker.answer()
            client.recv()
            worker.send("disconnect")
            worker.sync()
        self.still_serves(broker, b"s9")

    def test_limit_of_workers(self):
        broker = self.broker("--limit-workers", 2)
        workers = [self.worker(broker) for _ in range(2)]
        third = self.worker(broker, form="strict2", ready=False)
        third.ready()
        third.dismissed()
        workers[0].send("disconnect")
        workers[0].sync()
        third.ready()
        third.quiet()

    def test_who_did_not_ask_is_told_nothing(self):
        broker = self.broker("--request-ttl", 100, "--max-attempts", 1, "--limit-outstanding", 2)
        silent = [self.client(broker, form) for form in ("led1", "bare1", "frame1", "strict2", "led2")]
        heads = {client: [] for client in silent}
        heads.update({self.client(broker): [mdp.wishes(notices=False)], self.client(broker, "led2"): [mdp.wishes(), b"inner"]})
        for client, extra in heads.items():
            for _ in range(4):
                client.send(b"nobody", b"x", extra=extra)
            client.sync()
        witness = self.asking(broker)
        witness.send(b"nobody", b"x")
        witness.notice(404, b"nobody")
        for client in heads:
            client.quiet()
        self.assertEqual(self.balanced(broker)["failed_404"], 2 * len(heads) + 1)

    def test_what_is_nearly_an_options_frame(self):
        good = mdp.wishes(ttl=50)
        broker = self.broker()
        odd = [good[:19], good + b"\0", b"keel" + good[4:], good[:4] + b"\2" + good[5:], good[:5] + b"\3" + good[6:],
               good[:5] + b"\x81" + good[6:], good[:6] + b"\1\0" + good[8:], good[:6] + b"\0\1" + good[8:], b"\0" + good[1:]]
        client, witness = self.client(broker), self.asking(broker, ttl=50)
        for frame in odd:
            client.send(b"nobody", b"x", extra=[frame])
            client.sync()
        client.send(b"nobody", b"x", extra=[good, b"behind it"])
        client.sync()
        witness.send(b"nobody", b"x")
        witness.notice(404, b"nobody")
        client.quiet()
        worker = self.worker(broker, b"nobody")
        for frame in odd:
            worker.answer()
            self.assertEqual(client.recv().extra, (frame,))

    def test_ttl_without_notices(self):
        """A frame may bring a ttl and not ask."""
        broker = self.broker()
        client = self.client(broker)
        client.send(b"nobody", b"x", extra=[mdp.wishes(ttl=50, notices=False)])
        keeltest.eventually(lambda: self.client(broker).stats()["failed_404"] == 1, "it fails")
        client.quiet()
        self.worker(broker, b"nobody").quiet()

    def test_longest_ttl(self):
        broker = self.broker("--request-ttl", 50)
        client = self.asking(broker, ttl=0xffffffff)
        client.send(b"echo", b"x")
        witness = self.asking(broker)
        witness.send(b"echo", b"short")
        witness.notice(404, b"echo")
        self.assertEqual(self.worker(broker).answer().body, [b"x"])
        self.assertEqual(client.recv().body, [b"x"])

    def test_many_deadlines_at_once(self):
        """In order, each exactly once."""
        broker = self.broker()
        client = self.asking(broker, ttl=100)
        for number in range(3000):
            client.send(b"s%d" % (number % 7), b"x", extra=[b"%d" % number])
        for number in range(3000):
            self.assertEqual(client.recv().body[0], b"404")
        client.quiet()
        stats = self.balanced(broker)
        self.assertEqual((stats["failed_404"], stats["services"], stats["bytes"]), (3000, 0, 0))


if __name__ == "__main__":
    keeltest.main()
