"""Majordomo past one machine: three brokers that know nothing of each other, workers at all of them, clients that use all of them."""
import signal
import time

import keeltest


class Case(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.brokers = [self.broker("--max-attempts", 0, heartbeat=100) for _ in range(3)]

    def listed(self, option="--broker"):
        return [word for broker in self.brokers for word in (option, broker.endpoint)]

    def workers(self, count, *options, command=()):
        words = [*self.listed(), "--all", "--heartbeat", 100, *options, "echo", *(["--", *command] if command else [])]
        workers = [self.start("mdworker", *words) for _ in range(count)]
        for broker in self.brokers:
            client = self.client(broker)
            keeltest.eventually(lambda: client.stats()["workers"] == count, "all workers are at each broker")
            client.close()
        return workers

    def ask(self, count, policy="least", timeout=10000, retries=20):
        return self.start("mdclient", *self.listed(), "--policy", policy, "-t", timeout, "-r", retries, "-n", count, "echo", "hello")

    def answered(self, client, count):
        self.assertEqual((client.exits(60), client.out()), (0, "hello\n" * count), client.err())

    def accepted(self, broker):
        client = self.client(broker)
        try:
            return client.stats()["accepted"]
        finally:
            client.close()


class Several(Case):
    def test_load_is_spread(self):
        self.workers(2)
        self.answered(self.ask(90), 90)
        for broker in self.brokers:
            self.assertGreaterEqual(self.accepted(broker), 20)

    def test_in_turn_one_serves(self):
        """One that is silent for a moment, as on a machine that stands still, may lose a request to the next."""
        self.workers(1)
        self.answered(self.ask(20, "turn"), 20)
        self.assertGreaterEqual(max(self.accepted(broker) for broker in self.brokers), 18)

    def test_shotgun(self):
        self.workers(1)
        self.answered(self.ask(20, "shotgun"), 20)
        for broker in self.brokers:
            keeltest.eventually(lambda: self.accepted(broker) == 20, "each broker has had all")

    def test_one_is_killed_and_one_frozen(self):
        """No answer is lost, and none comes twice."""
        self.workers(3)
        clients = [self.ask(400, timeout=1000) for _ in range(4)]
        keeltest.eventually(lambda: all("hello" in client.out() for client in clients), "all are at work")
        self.brokers[0].kill()
        self.brokers[1].signal(signal.SIGSTOP)
        for client in clients:
            self.answered(client, 400)
        self.brokers[1].signal(signal.SIGCONT)
        self.brokers = self.brokers[1:]
        self.answered(self.ask(30, timeout=1000), 30)

    def test_the_first_one_alone_is_left(self):
        self.workers(2)
        for broker in self.brokers[1:]:
            broker.kill()
        self.answered(self.ask(30), 30)

    def test_one_that_comes_back_is_used_again(self):
        self.workers(1)
        gone = self.brokers[2]
        gone.kill()
        self.answered(self.ask(10), 10)
        self.brokers[2] = self.broker("--max-attempts", 0, heartbeat=100, bind=gone.endpoint)
        self.registered(self.brokers[2], b"echo")
        self.answered(self.ask(30), 30)
        self.assertGreater(self.accepted(self.brokers[2]), 0)

    def test_nobody_there(self):
        for broker in self.brokers:
            broker.kill()
        start = time.monotonic()
        client = self.ask(1, timeout=200, retries=1)
        self.assertEqual(client.exits(), 1)
        self.assertIn("nothing was heard from a broker", client.err())
        self.assertLess(time.monotonic() - start, 10)

    def test_no_worker_anywhere(self):
        client = self.ask(1, timeout=400, retries=5)
        self.assertEqual(client.exits(), 1)
        self.assertIn("404", client.err())


class Worker(Case):
    def test_its_concurrency_is_shared(self):
        """Each broker has a request for it; one is worked on at a time."""
        log = self.path("log")
        script = f"echo begin >> {log}; cat; sleep 0.05; echo end >> {log}"
        self.workers(1, command=("sh", "-c", script))
        clients = [self.client(broker) for broker in self.brokers]
        for turn in range(3):
            for client in clients:
                client.send(b"echo", b"%d" % turn)
        for turn in range(3):
            for client in clients:
                self.assertEqual(client.recv().body, [b"%d" % turn])
        with open(log, encoding="ascii") as file:
            self.assertEqual(file.read().split(), ["begin", "end"] * 9)

    def test_sigterm_finishes_and_leaves_them_all(self):
        [worker] = self.workers(1)
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)
        for broker in self.brokers:
            self.registered(broker, b"echo", b"404")

    def test_a_failing_command_is_another_brokers_business(self):
        """DISCONNECT goes to the broker whose request failed, and to no other."""
        self.workers(1, command=("sh", "-c", "read word; test $word != bad && echo $word"))
        bad, good = self.client(self.brokers[0]), self.client(self.brokers[1])
        bad.send(b"echo", b"bad\n")
        for _ in range(5):
            self.assertEqual(good.call(b"echo", b"good\n").body, [b"good\n"])
        self.assertEqual(good.stats()["workers"], 1)


if __name__ == "__main__":
    keeltest.main()
