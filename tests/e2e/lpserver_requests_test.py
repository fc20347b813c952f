"""lpserver answers whoever speaks as a REQ does, by echo or by a command, and outlives who does not."""
import json
import os
import random
import re
import signal
import time

import zmq

import keeltest
import mdp


class Case(keeltest.Case):
    def req(self, server, **options):
        return self.raw(server, zmq.REQ, **options)

    def call(self, peer, *frames, want=None):
        peer.put(*frames)
        self.assertEqual(peer.get("answer"), list(frames if want is None else want))

    def stats(self, server):
        said = server.err().count("stats {")
        server.signal(signal.SIGUSR1)
        return json.loads(server.says(r"stats (\{.*)", said + 1).group(1))

    def still_serves(self, server):
        self.call(self.req(server), b"are you there")


class Echo(Case):
    def test_every_kind_of_client(self):
        server = self.lpserver()
        far = self.hop(self.hop(server))
        for endpoint in (server.endpoint, far):
            for options in ({}, {"req_correlate": 1}):
                peer = self.req(endpoint, **options)
                for body in ([b"hello"], [b""], [b"a", b"", b"\0\xff"], [b"x" * 5000000], [b"%d" % n for n in range(1000)]):
                    self.call(peer, *body)
            dealer = self.raw(endpoint)
            self.call(dealer, b"", b"plain")
            self.call(dealer, b"mark", b"", b"body", b"")
            self.call(dealer, mdp.wishes(1000), b"", b"wishes")

    def test_envelopes_of_any_depth_within_the_limit(self):
        server = self.lpserver()
        dealer = self.raw(server)
        for depth in range(9):
            self.call(dealer, *(b"%d" % n * 100 for n in range(depth)), b"", b"body")
        self.call(dealer, b"x" * 255, b"", b"body")
        dealer.put(*[b"x"] * 9, b"", b"too deep")
        dealer.put(b"x" * 256, b"", b"too large")
        self.call(dealer, b"", b"next")
        self.assertEqual(self.stats(server)["malformed_by_reason"]["envelope"], 2)

    def test_many_clients(self):
        server = self.lpserver()
        peers = [self.req(server) for _ in range(50)]
        for turn in range(20):
            for number, peer in enumerate(peers):
                peer.put(b"%d %d" % (number, turn))
            for number, peer in enumerate(peers):
                self.assertEqual(peer.get(), [b"%d %d" % (number, turn)])
        stats = self.stats(server)
        self.assertEqual((stats["requests"], stats["answered"]), (1000, 1000))

    def test_what_is_malformed_is_dropped_counted_and_said_seldom(self):
        server = self.lpserver()
        dealer = self.raw(server)
        for _ in range(500):
            dealer.put(b"no delimiter")
            dealer.put(b"")
            dealer.put(b"x", b"")
        self.call(dealer, b"", b"next")
        stats = self.stats(server)
        self.assertEqual((stats["malformed"], stats["requests"]), (1500, 1))
        self.assertEqual((stats["malformed_by_reason"]["delimiter"], stats["malformed_by_reason"]["body"]), (500, 1000))
        self.assertLess(server.err().count("malformed message dropped"), 20)

    def test_garbage(self):
        server = self.lpserver(bind="tcp://127.0.0.1:*")
        noise, peers = random.Random(4), [self.raw(server) for _ in range(3)]
        for _ in range(5000):
            frames = [noise.choice((b"", b"\1", b"KEEL", noise.randbytes(noise.randrange(300)))) for _ in range(noise.randrange(1, 14))]
            noise.choice(peers).put(*frames)
        peers[0].put(*[b"f"] * 3000)
        self.still_serves(server)

    def test_clients_that_do_not_wait(self):
        server = self.lpserver()
        for _ in range(20):
            peer = self.req(server)
            peer.put(b"x" * 100000)
            peer.socket.close(0)
        self.still_serves(server)
        self.assertTrue(server.running())

    def test_a_client_that_does_not_read(self):
        server = self.lpserver()
        dealer = self.raw(server, rcvhwm=1)
        for _ in range(3000):
            dealer.put(b"", b"x" * 10000)
        self.still_serves(server)

    def test_several_endpoints(self):
        server = self.start("lpserver", "-b", self.ipc(), "-b", "tcp://127.0.0.1:*", "-b", "tcp://[::1]:0", kind=keeltest.Broker)
        for endpoint in server.endpoints(3):
            self.assertFalse(endpoint.endswith((":*", ":0")))
            self.still_serves(endpoint)

    def test_killed_and_started_again(self):
        server = self.lpserver(bind="tcp://127.0.0.1:*")
        peer = self.req(server)
        self.call(peer, b"one")
        server.kill()
        self.lpserver(bind=server.endpoint)
        self.call(peer, b"two")


class Command(Case):
    def test_answers(self):
        server = self.lpserver(command=("tr", "a-z", "A-Z"))
        peer = self.req(server, req_correlate=1)
        self.call(peer, b"he", b"", b"llo", want=[b"HELLO"])
        big = b"x" * (4 << 20)
        self.call(peer, big, want=[big.upper()])
        self.call(self.req(self.lpserver(command=("true",))), b"x", want=[b""])
        self.call(self.req(self.lpserver(command=("echo", "--version", "-v", "--", "x"))), b"", want=[b"--version -v -- x\n"])

    def test_failures_get_no_answer(self):
        script = 'read -r what; case $what in bad) echo because >&2; exit 3;; crash) kill -11 $$;; hang) sleep 1000;; *) echo $what;; esac'
        server = self.lpserver("-t", 300, command=("sh", "-c", script))
        for what, words in ((b"bad", 'reason="exit status 3" outcome="no answer sent" stderr=because'), (b"crash", "killed by signal 11"),
                            (b"hang", "no end within 300 ms")):
            peer = self.req(server)
            peer.put(what + b"\n")
            server.says(words)
            self.call(self.req(server), b"good\n")
            peer.gets_none(0)
        stats = self.stats(server)
        self.assertEqual((stats["requests"], stats["answered"], stats["failed"]), (6, 3, 3))

    def test_a_command_that_cannot_be_run(self):
        server = self.lpserver(command=("/no/such/command",))
        self.req(server).put(b"x")
        server.says('command failed command=/no/such/command reason="cannot be run: ')
        self.assertTrue(server.running())

    def test_one_at_a_time(self):
        running = self.path("running")
        script = f"mkdir {running} || exit 1; sleep 0.02; rmdir {running}; echo done"
        server = self.lpserver(command=("sh", "-c", script))
        peers = [self.req(server) for _ in range(5)]
        for peer in peers:
            peer.put(b"x")
        for peer in peers:
            self.assertEqual(peer.get(), [b"done\n"])

    def test_a_lazy_client_gets_through_failures(self):
        """Fails twice, then answers."""
        script = f"echo >> {self.path('times')}; test $(wc -l < {self.path('times')}) -gt 2 && echo done"
        server = self.lpserver(command=("sh", "-c", script))
        client = self.runs_to(0, "lpclient", "--server", server.endpoint, "-t", 500, "-r", 10, "x")
        self.assertEqual(client.out(), "done\n\n")

    def test_a_client_that_left_while_it_ran(self):
        gate, begun = self.path("gate"), self.path("begun")
        server = self.lpserver(command=("sh", "-c", f"touch {begun}; while test -e {begun} && ! test -e {gate}; do sleep 0.01; done; cat"))
        peer = self.req(server)
        peer.put(b"x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        peer.socket.close(0)
        time.sleep(0.05)
        open(gate, "w", encoding="ascii").close()
        self.still_serves(server)
        keeltest.eventually(lambda: self.stats(server)["requests"] == 2, "both are counted")


class Start(Case):
    def test_usage(self):
        for words in (["--bind", "nonsense"], ["--bind", "inproc://x"], ["-t", "x"], ["cat"], ["--no-such"]):
            self.assertTrue(self.runs_to(64, "lpserver", *words).err(), words)

    def test_taken_endpoints(self):
        for bind in (None, "tcp://127.0.0.1:*"):
            server = self.lpserver(bind=bind)
            said = self.runs_to(69, "lpserver", "--bind", server.endpoint).err()
            self.assertRegex(said, "cannot listen on " + re.escape(server.endpoint) + ".*stop what has it")
            self.still_serves(server)


if __name__ == "__main__":
    keeltest.main()
