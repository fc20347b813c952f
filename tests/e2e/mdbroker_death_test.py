"""Workers that are killed, freeze, fall silent or lose their connection, and clients that leave."""
import signal
import time

import keeltest
import mdp


class Killed(keeltest.Case):
    def killed(self, form, *args):
        broker = self.broker(*args, heartbeat=2500)
        client = self.client(broker)
        client.send(b"echo", b"body")
        victim = self.process_worker(broker, form)
        other = self.worker(broker)
        start = time.monotonic()
        victim.kill()
        self.assertEqual(other.answer().body, [b"body"])
        self.assertLess(time.monotonic() - start, 2)        # long before the next heartbeat would tell
        self.assertEqual(client.recv().body, [b"body"])
        client.quiet()
        stats = self.balanced(broker)
        self.assertEqual((stats["requeued"], stats["workers_unreachable"], stats["workers"]), (1, 1, 1))
        self.assertGreaterEqual(stats["connections_ended"], 1)

    def test_busy_over_ipc(self):
        for form in mdp.WORKER_FORMS:
            self.killed(form)

    def test_busy_over_tcp(self):
        broker = self.broker(heartbeat=2500, bind="tcp://127.0.0.1:*")
        client = self.client(broker)
        client.send(b"echo", b"body")
        victim, other = self.process_worker(broker), self.worker(broker)
        start = time.monotonic()
        victim.kill()
        other.answer()
        self.assertLess(time.monotonic() - start, 2)

    def test_with_many_requests(self):
        """All come back, in order, before what waits."""
        broker, body = self.broker(), [b"%d" % number for number in range(40)]
        client = self.client(broker)
        for one in body:
            client.send(b"echo", one)
        victim = self.process_worker(broker, "strict2", 30, requests=30)
        other = self.worker(broker, credit=100, ready=False)
        victim.kill()
        other.ready()
        got = [other.request() for _ in range(40)]
        self.assertEqual(sorted(request.body[0] for request in got), sorted(body))
        returned = [int(request.body[0]) for request in got if int(request.body[0]) < 30]
        self.assertEqual(returned, list(range(30)))
        for request in got:
            other.final(request.token, *request.body)
        self.assertEqual(sorted(client.recv().body[0] for _ in body), sorted(body))

    def test_one_of_many(self):
        """The others, busy and idle, are left alone."""
        broker = self.broker()
        client = self.client(broker)
        victims = [self.process_worker(broker, service=f"s{number}", requests=0) for number in range(4)]
        for number in range(4):
            client.send(b"s%d" % number, b"%d" % number)
        for victim in victims:
            keeltest.eventually(lambda: "request" in victim.out(), "it has its request")
        replacement = self.worker(broker, b"s2")
        victims[2].kill()
        self.assertEqual(replacement.answer().body, [b"2"])
        self.assertEqual(client.recv().body, [b"2"])
        for number in (0, 1, 3):
            self.assertEqual(client.report(b"mmi.explain", b"s%d" % number)["held"], 1)
            victims[number].kill()

    def test_idle(self):
        """Its request goes to the next one at once; that costs no attempt."""
        broker = self.broker("--max-attempts", 1)
        victims = [self.process_worker(broker, requests=0) for _ in range(3)]
        client = self.client(broker)
        keeltest.eventually(lambda: client.stats()["workers"] == 3, "all are registered")
        for victim in victims:
            victim.kill()
        worker = self.worker(broker)
        client.send(b"echo", b"x")
        worker.answer()
        self.assertEqual(client.recv().body, [b"x"])

    def test_no_worker_is_left(self):
        broker = self.broker()
        client = self.client(broker)
        client.send(b"echo", b"x")
        self.process_worker(broker).kill()
        self.registered(broker, b"echo", b"404")
        self.worker(broker).answer()
        self.assertEqual(client.recv().body, [b"x"])

    def test_poison(self):
        """A request that kills each worker it meets does so max-attempts times."""
        broker = self.broker("--max-attempts", 2)
        client = self.asking(broker)
        client.send(b"echo", b"poison")
        for _ in range(2):
            self.process_worker(broker).kill()
        client.notice(502, b"echo")


class Silent(keeltest.Case):
    def test_idle_worker_expires(self):
        broker = self.broker("--liveness", 2, heartbeat=100)
        silent = [self.worker(broker) for _ in range(3)]
        self.registered(broker, b"echo", b"404")
        broker.says("expired")
        stats = self.client(broker).stats()
        self.assertEqual(stats["workers_expired"], 3)
        silent[0].send("heartbeat")                         # it is a stranger now
        silent[0].dismissed()

    def test_beating_worker_stays_between_silent_ones(self):
        broker = self.broker(heartbeat=200)
        self.worker(broker)
        beating = self.process_worker(broker, "led1", 1, 20, requests=0)
        self.worker(broker)
        client = self.client(broker)
        keeltest.eventually(lambda: client.stats()["workers_expired"] == 2, "the silent ones are expired")
        self.assertEqual(client.stats()["workers"], 1)
        beating.kill()

    def test_frozen_after_it_was_heard_while_busy(self):
        """Known to heartbeat while busy, it is held to the idle rule."""
        broker = self.broker(heartbeat=200)
        client = self.client(broker)
        client.send(b"echo", b"x")
        victim = self.process_worker(broker, "led2", 1, 40)

        def known():
            return any(row["beats_while_busy"] for row in client.report(b"mmi.workers")["workers"])
        keeltest.eventually(known, "it is known to heartbeat")
        victim.signal(signal.SIGSTOP)
        other = self.worker(broker, ready=False)
        keeltest.eventually(lambda: client.stats()["workers_expired"] == 1, "the frozen one is expired")
        other.ready()
        request = other.request()
        victim.signal(signal.SIGCONT)                       # it heartbeats again, as a stranger
        keeltest.eventually(lambda: client.stats()["strangers"] >= 1, "it was told to leave")
        other.final(request.token, b"x")
        self.assertEqual(client.recv().body, [b"x"])
        victim.kill()

    def test_frozen_and_never_heard(self):
        """Kept while the busy timeout lasts, and no longer."""
        broker = self.broker("--busy-timeout", 1200, heartbeat=100)
        client = self.client(broker)
        client.send(b"echo", b"x")
        victim = self.process_worker(broker)
        start = time.monotonic()
        victim.signal(signal.SIGSTOP)
        keeltest.eventually(lambda: client.stats()["heartbeats_sent"] >= 5, "busy workers get heartbeats")
        self.assertEqual(client.report(b"mmi.explain", b"echo")["held"], 1)
        keeltest.eventually(lambda: client.stats()["workers_expired"] == 1, "it is expired")
        self.assertGreater(time.monotonic() - start, 0.8)
        self.worker(broker).answer()
        self.assertEqual(client.recv().body, [b"x"])
        victim.kill()

    def test_busy_timeout_of_none(self):
        """0: a busy worker is held to the idle rule from the start."""
        broker = self.broker("--busy-timeout", 0, heartbeat=100)
        client = self.client(broker)
        worker = self.worker(broker)
        client.send(b"echo", b"x")
        worker.request()
        keeltest.eventually(lambda: client.stats()["workers_expired"] == 1, "it is expired")
        self.worker(broker).answer()
        client.recv()

    def test_heartbeat_that_crossed_proves_nothing(self):
        broker = self.broker(heartbeat=1000)
        client, worker = self.client(broker), self.worker(broker)
        client.send(b"echo", b"x")
        worker.request()
        worker.send("heartbeat")
        worker.sync()
        self.assertFalse(client.report(b"mmi.workers")["workers"][0]["beats_while_busy"])

    def test_heartbeats_to_workers(self):
        """Idle and busy, in their own form, about one an interval."""
        broker = self.broker("--liveness", 1000, heartbeat=50)
        client = self.client(broker)
        for form in mdp.WORKER_FORMS:
            for busy in (False, True):
                service = form.encode() + b"%d" % busy
                worker = self.worker(broker, service, form)
                if busy:
                    client.send(service, b"x")
                    worker.request()
                start = time.monotonic()
                for _ in range(4):
                    self.assertEqual(worker.understand(worker.get("heartbeat")), ("heartbeat", []))
                self.assertGreater(time.monotonic() - start, 0.1)


    def test_no_heartbeat_to_who_hears_enough(self):
        """Only after an interval in which nothing else went to the worker."""
        broker = self.broker("--liveness", 1000, heartbeat=300)
        worker, client = self.worker(broker), self.client(broker)
        end, worker.beats = time.monotonic() + 1, 0
        while time.monotonic() < end:
            client.send(b"echo", b"x")
            worker.answer()
            client.recv()
        self.assertLessEqual(worker.beats, 1)               # a machine that stands still for so long is no failure

    def test_busy_workers_are_probed_only_so_often(self):
        """Connections that end, however many, are no way to have the broker flood its workers."""
        broker = self.broker()
        client, worker = self.client(broker), self.worker(broker)
        client.send(b"echo", b"x")
        worker.request()
        start = time.monotonic()
        for _ in range(400):
            peer = self.raw(broker)
            peer.sync()
            peer.close()
        keeltest.eventually(lambda: client.stats()["connections_ended"] >= 50, "they are seen to end")
        stats, seconds = client.stats(), time.monotonic() - start
        self.assertGreater(stats["probes"], 0)
        self.assertLessEqual(stats["probes"], seconds / 0.05 + 2)


class Clients(keeltest.Case):
    def test_leave_with_requests_outstanding(self):
        broker = self.broker()
        worker = self.worker(broker, credit=10)
        for form in ("led1", "strict2"):
            client = self.client(broker, form)
            for number in range(100):
                client.send(b"echo", b"%d" % number)
            client.sync()
            client.close()
        for _ in range(200):
            worker.answer(b"to nobody")
        worker.sync()
        self.still_serves(broker)
        stats = self.balanced(broker)
        self.assertEqual((stats["answered"], stats["clients_unreachable"] > 0, stats["held"]), (201, True, 0))

    def test_come_and_go(self):
        """A thousand connections that each leave something behind cost nothing in the end."""
        broker = self.broker("--request-ttl", 300)
        for number in range(1000):
            peer = self.raw(broker)
            peer.put(b"", b"MDPC01", b"nobody", b"x")
            if number % 50 == 0:
                peer.sync()
            peer.socket.close(1000)
        client = self.client(broker)
        keeltest.eventually(lambda: client.stats()["failed_404"] >= 900, "their requests expire")
        keeltest.eventually(lambda: client.stats()["waiting"] == 0, "none is left")
        self.assertEqual(self.balanced(broker)["services"], 0)

    def test_the_same_routing_id_on_two_listeners(self):
        """They are two peers."""
        second = self.ipc()
        broker = self.broker("--bind", second)
        broker.endpoints(2)
        workers = [self.worker(endpoint, b"w%d" % number, routing_id=b"same")
                   for number, endpoint in enumerate((broker.endpoint, second))]
        clients = [self.client(endpoint, routing_id=b"twin") for endpoint in (broker.endpoint, second)]
        for number in (0, 1):
            for client in clients:
                client.send(b"w%d" % number, b"%d" % clients.index(client))
        for worker in workers:
            for _ in clients:
                request = worker.request()
                worker.final(request.token, worker.service, *request.body)
        for number, client in enumerate(clients):
            self.assertEqual(sorted(client.recv().body for _ in range(2)), [[b"w0", b"%d" % number], [b"w1", b"%d" % number]])
            client.quiet()
        workers[0].send("disconnect")
        workers[0].sync()
        client = self.client(broker)
        self.assertEqual([client.call(b"mmi.service", b"w%d" % number).body for number in (0, 1)], [[b"404"], [b"200"]])


if __name__ == "__main__":
    keeltest.main()
