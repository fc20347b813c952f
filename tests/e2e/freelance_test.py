"""flclient and flserver as their users see them: servers that are killed, frozen, late; signals, counters, bad words, hostile peers."""
import json
import os
import random
import signal
import socket
import time

import zmq

import flp
import keeltest
import loopback


class Case(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: [peer.close() for peer in self.peers])

    def flserver(self, *options, command=(), bind=loopback.ANY_PORT):
        server = self.start("flserver", "--bind", bind, *options, *(["--", *command] if command else []), kind=keeltest.Broker)
        server.endpoint = server.endpoints(1)[0]
        return server

    def ask(self, *servers, words=("hello",), options=()):
        listed = [word for server in servers for word in ("--server", getattr(server, "endpoint", server))]
        return self.start("flclient", *listed, *options, *words)

    def answered(self, client, out="hello\n"):
        self.assertEqual((client.exits(), client.out()), (0, out), client.err())

    def fails(self, client):
        self.assertEqual((client.exits(), client.out()), (1, ""))
        return client.err()

    def stats(self, server):
        said = server.err().count("stats {")
        server.signal(signal.SIGUSR1)
        return json.loads(server.says(r"stats (\{.*)", said + 1).group(1))

    def peer(self, server):
        return self.met(flp.Client(self.context, server.endpoint, b"s"))


class Client(Case):
    def test_frames(self):
        server = self.flserver()
        self.answered(self.ask(server, words=("one", "", "three")), "one\n\nthree\n")
        self.answered(self.ask(server, words=()), "\n")

    def test_a_server_that_starts_late(self):
        with socket.socket() as taken:
            taken.bind((loopback.ADDRESS, 0))
            endpoint = "tcp://%s:%d" % taken.getsockname()
            client = self.ask(endpoint, options=("-t", "20000"))
        time.sleep(0.2)
        server = self.flserver(bind=endpoint)
        self.answered(client)
        self.assertEqual(self.stats(server)["requests"], 1)

    def test_nobody_there(self):
        start = time.monotonic()
        said = self.fails(self.ask("tcp://127.0.0.1:1", self.ipc(), options=("-t", "300")))
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("nothing was heard from a server at tcp://127.0.0.1:1,ipc://", said)

    def test_no_answer(self):
        server = self.flserver(command=("false",))
        said = self.fails(self.ask(server, options=("-t", "300")))
        self.assertIn("no answer came in time", said)
        self.assertEqual(self.stats(server)["answered"], 0)

    def test_a_failing_server_is_left_for_the_next(self):
        bad, good = self.flserver(command=("false",)), self.flserver()
        for _ in range(3):
            self.answered(self.ask(bad, good, options=("--policy", "ordered", "--try", "100", "-t", "20000")))

    def test_a_frozen_server_costs_a_try(self):
        frozen, good = self.flserver(), self.flserver()
        gone = self.met(flp.Client(self.context, frozen.endpoint, b"s"))
        gone.sync()
        frozen.signal(signal.SIGSTOP)
        for _ in range(3):
            self.answered(self.ask(frozen, good, options=("--policy", "ordered", "--try", "100", "-t", "20000")))
        frozen.signal(signal.SIGCONT)

    def test_one_that_is_killed_over_its_work(self):
        begun = self.path("begun")
        held = self.flserver(command=("sh", "-c", f"touch {begun}; exec sleep 60"))
        good = self.flserver()
        client = self.ask(held, good, options=("--policy", "ordered", "--try", "60000", "-t", "60000"))
        keeltest.eventually(lambda: os.path.exists(begun) or not client.running(), "the command begins, or the other was alive first")
        held.kill()
        self.answered(client)

    def test_one_that_is_restarted_over_its_work(self):
        begun = self.path("begun")
        held = self.flserver(command=("sh", "-c", f"touch {begun}; exec sleep 60"))
        client = self.ask(held, options=("--try", "60000", "-t", "60000"))
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        held.kill()
        self.flserver(bind=held.endpoint)
        self.answered(client)

    def test_bad_words(self):
        for words in (("--server", "nonsense"), ("--policy", "best"), ("-t", "0"), ("--try", "x"), ("--bind", "x")):
            program = self.runs_to(64, "flclient", *words)
            self.assertIn(words[1] if words[0] != "--bind" else "--bind", program.err())

    def test_servers_that_talk_nonsense(self):
        """TCP servers that speak no ZMTP, hang up, or say nothing: a request goes to the one that is well."""
        listeners = []
        for _ in range(2):
            listener = socket.socket()
            self.addCleanup(listener.close)
            listener.bind((loopback.ADDRESS, 0))
            listener.listen(10)
            listeners.append(listener)
        silent, rude = ("tcp://%s:%d" % listener.getsockname() for listener in listeners)
        good = self.flserver()
        client = self.ask(silent, rude, good)
        talker, _ = listeners[1].accept()
        talker.sendall(os.urandom(300))
        talker.close()
        self.answered(client)
        self.assertIn("nothing was heard", self.fails(self.ask(silent, rude, options=("-t", "300"))))


class Server(Case):
    def test_a_command(self):
        server = self.flserver(command=("tr", "a-z", "A-Z"))
        peer = self.peer(server)
        self.assertEqual(peer.call(b"control", b"sh", b"", b"out"), [b"control", b"SHOUT"])

    def test_pings_while_commands_run(self):
        gate, begun = self.path("gate"), self.path("begun")
        server = self.flserver(command=("sh", "-c", f"touch {begun}; while ! test -e {gate}; do sleep 0.01; done; echo done"))
        peer = self.peer(server)
        peer.put(b"c", b"x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        for _ in range(20):
            peer.sync()
        self.assertEqual(peer.arrived, [])
        open(gate, "w", encoding="ascii").close()
        self.assertEqual(peer.get(), [b"c", b"done\n"])

    def held(self, *options):
        """A server whose commands wait for a gate, and one of them runs."""
        gate, begun = self.path("gate"), self.path("begun")
        script = f"cat; touch {begun}; while ! test -e {gate}; do sleep 0.01; done"
        server = self.flserver(*options, command=("sh", "-c", script))
        peer = self.peer(server)
        peer.put(b"c0", b"0")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        return server, peer, gate

    def test_sigterm_finishes_what_it_has_taken(self):
        server, peer, gate = self.held()
        for n in range(1, 4):
            peer.put(b"c%d" % n, b"%d" % n)
        keeltest.eventually(lambda: self.stats(server)["requests"] == 4, "they are taken")
        server.signal(signal.SIGTERM)
        peer.put(b"late", b"x")
        keeltest.eventually(lambda: self.stats(server)["refused"] == 1, "it takes no more")
        open(gate, "w", encoding="ascii").close()
        for n in range(4):
            self.assertEqual(peer.get(), [b"c%d" % n, b"%d" % n])
        self.assertEqual(server.exits(), 0)

    def test_a_second_one_ends_it_at_once(self):
        server, peer, _ = self.held()
        server.signal(signal.SIGTERM)
        peer.put(b"late", b"x")
        keeltest.eventually(lambda: self.stats(server)["refused"] == 1, "it stops")
        server.signal(signal.SIGTERM)
        self.assertEqual(server.exits(), 1)

    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.flserver()
            server.signal(number)
            self.assertEqual(server.exits(), 0)
        sleeps = (server := self.flserver()).sleeps()
        time.sleep(0.5)
        self.assertLess(server.sleeps() - sleeps, 20)

    def test_as_many_as_may_at_once(self):
        server = self.flserver("--concurrency", 4, command=("sh", "-c", f"mktemp -p {self.folder} run.XXXXXX; cat > /dev/null;"
                                                            f"while ! test -e {self.path('gate')}; do sleep 0.01; done"))
        peer = self.peer(server)
        for n in range(6):
            peer.put(b"%d" % n, b"x")
        def running():
            return len([name for name in os.listdir(self.folder) if name.startswith("run.")])
        keeltest.eventually(lambda: running() == 4, "four commands run")
        keeltest.eventually(lambda: self.stats(server)["requests"] == 6, "the others wait")
        self.assertEqual(running(), 4)
        open(self.path("gate"), "w", encoding="ascii").close()
        self.assertEqual({peer.get()[0] for _ in range(6)}, {b"%d" % n for n in range(6)})

    def test_counters(self):
        server = self.flserver(command=("sh", "-c", "read word; test $word != bad && echo $word"))
        peer = self.peer(server)
        peer.put(b"c", b"bad\n")
        self.assertEqual(peer.call(b"c", b"good\n"), [b"c", b"good\n"])
        peer.put(b"alone")
        peer.sync()
        self.assertEqual(self.stats(server), {"requests": 2, "answered": 1, "failed": 1, "overflow": 0, "refused": 0,
                                              "clients_gone": 0, "clients_full": 0, "pings": 1, "malformed": 1})
        server.signal(signal.SIGHUP)
        server.says("nothing to reload")

    def test_a_client_that_is_gone(self):
        server, peer, gate = self.held()
        before = server.descriptors()
        peer.close()
        keeltest.eventually(lambda: server.descriptors() < before, "its connection is closed")
        other = self.peer(server)
        other.sync()                                        # what the server reads after that end
        open(gate, "w", encoding="ascii").close()
        keeltest.eventually(lambda: self.stats(server)["clients_gone"] == 1, "nobody is there for the answer")

    def test_where_it_cannot_listen(self):
        server = self.flserver(bind=self.ipc())
        for endpoint in (server.endpoint, "tcp://192.0.2.1:5555", "ipc:///nonexistent/x"):
            self.assertIn(endpoint, self.runs_to(69, "flserver", "--bind", endpoint).err())
        for words in (("--bind", "nonsense"), ("--advertise", "nonsense"), ("--advertise", "tcp://" + "x" * 300 + ":1"),
                      ("--concurrency", "0"), ("--bind", "tcp://127.0.0.1:*", "true")):
            self.assertIn(words[-1][:40], self.runs_to(64, "flserver", *words).err())

    def test_several_endpoints(self):
        server = self.start("flserver", "--bind", "tcp://127.0.0.1:*", "--bind", self.ipc(), kind=keeltest.Broker)
        for endpoint in server.endpoints(2):
            self.assertEqual(self.met(flp.Client(self.context, endpoint)).call(b"c", b"x"), [b"c", b"x"])

    def test_garbage_of_all_kinds(self):
        server = self.flserver()
        rng = random.Random(7)
        peers = [self.peer(server) for _ in range(5)]
        for _ in range(1000):
            rng.choice(peers).put(*[rng.randbytes(rng.choice((0, 1, 4, 8, 9, 300))) for _ in range(rng.randrange(1, 6))])
        with socket.create_connection((loopback.ADDRESS, int(server.endpoint.rsplit(":", 1)[1]))) as rude:
            rude.sendall(rng.randbytes(1000))
        before = server.status("VmRSS")
        for peer in peers:
            peer.arrived.clear()
            peer.sync()
        self.assertEqual(self.peer(server).call(b"c", b"are you there"), [b"c", b"are you there"])
        self.assertLess(server.status("VmRSS"), before + 20000)


if __name__ == "__main__":
    keeltest.main()
