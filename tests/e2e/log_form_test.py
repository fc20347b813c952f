"""The log as keel-log(7) says: one line an event, pairs that nobody can fake, seldom what peers provoke, never a body."""
import json
import os
import re
import signal
import time

import events_match
import keeltest
import loglines
import pair
import zmq

BODY = b"what-is-in-a-body-is-nobody's-business"
HOSTILE_NAMES = (b'a=b', b'"', b'x"worker="00', b"x\\", b"a'b", b"level=ERROR", b'"' * 255, b"~" * 255)
HOSTILE_IDS = (b"\x1b[2J\n<0>boo", b'" service="x', b"a=b c=d", b"\\n" * 100, bytes(range(1, 256)))

with open(os.environ["KEEL_LOG_PAGE"], encoding="utf-8") as page:
    EVENTS = events_match.events_of_page(page.read())


class Case(keeltest.Case):
    def lines(self, program):
        """Those that it has written so far, each as the page has it."""
        lines, said = [], program.err()
        for text in said[:said.rfind("\n") + 1].splitlines():      # the last one may be on its way
            line = loglines.parse(text)
            self.assertTrue(line, f"not of the form: {text!r}")
            if line.what not in ("listening on", "stats"):
                self.assertIn(line.what, EVENTS, text)
                self.assertLessEqual(line.pairs.keys(), {*EVENTS[line.what].keys, "more"}, text)
            lines.append(line)
        self.assertNotIn(BODY.decode(), program.err())
        return lines

    def of(self, program, what):
        return [line.pairs for line in self.lines(program) if line.what == what]

    def seldom(self, program, what, burst, start, often):
        """It was written at most once a second after the burst, though it came so often since the start."""
        told = len(self.of(program, what))
        self.assertLessEqual(told, burst + 1 + time.monotonic() - start)
        self.assertGreater(often, told)


class Hostile(Case):
    def test_names_of_services(self):
        """Refused requests and workers: what they call it is one value."""
        for name in HOSTILE_NAMES:
            broker = self.broker("--limit-outstanding", 1, "--limit-workers", 1)
            self.worker(broker, b"taken")
            client, worker = self.client(broker), self.worker(broker, name, ready=False)
            for _ in range(2):
                client.send(name, BODY)
            client.sync()
            worker.ready()
            worker.dismissed()
            for what in ("request refused", "READY refused"):
                broker.says(what)
                self.assertEqual([pairs["service"] for pairs in self.of(broker, what)], [name[:100]])

    def test_routing_ids(self):
        """They are told in hex, as mmi.workers has them."""
        for name in HOSTILE_IDS:
            broker = self.broker("--limit-outstanding", 1)
            client = self.client(broker, routing_id=name)
            for _ in range(2):
                client.send(b"echo", BODY)
            client.sync()
            broker.says("request refused")
            self.assertEqual([bytes.fromhex(pairs["client"].decode()) for pairs in self.of(broker, "request refused")], [name[:100]])

    def test_workers_that_go(self):
        broker = self.broker(heartbeat=50)
        worker = self.worker(broker, b'a"=b', routing_id=b"w=1")
        broker.says("worker expired")
        self.assertEqual(self.of(broker, "worker expired"), [{"service": b'a"=b', "worker": b"773d31"}])
        worker.close()

    def test_queues(self):
        for program in ("spqueue", "ppqueue"):
            front, back = self.ipc(), self.ipc()
            queue = self.start(program, "-f", front, "-b", back, "--limit-workers", 1, "--limit-outstanding", 1)
            queue.says("listening on", 2)
            for end in (front, back):
                for name in HOSTILE_IDS:
                    raw = self.raw(end, routing_id=name)
                    for frames in ([b"\x1b[31m"], [b"", b"\1"], [b"\1"], [b"", BODY], [b"", BODY]):
                        raw.put(*frames)
            queue.says("request refused")
            queue.says("READY refused")
            queue.says("malformed message dropped")
            self.lines(queue)

    def test_titanic(self):
        """A broker that says what is none of its words."""
        router = self.context.socket(zmq.ROUTER)
        router.linger = 0
        router.bind(self.ipc())
        self.addCleanup(router.close)
        titanic = self.start("titanic", "-v", "-v", "--broker", router.getsockopt_string(zmq.LAST_ENDPOINT), "--data", self.path("data"), "--admin", self.ipc())
        greeted = set()
        while len(greeted) < 4:
            peer, *frames = router.recv_multipart()
            if frames[-2].startswith(b"titanic."):
                greeted.add(peer)
                router.send_multipart([peer, b"", b"MDPW01", b"\4"])
                router.send_multipart([peer, BODY])
        titanic.says("registered service=titanic")
        titanic.says("malformed message dropped reason=")
        self.lines(titanic)


class Seldom(Case):
    def test_a_broker_that_dismisses(self):
        """A worker whose broker is heard and says DISCONNECT, again and again."""
        socket = self.context.socket(zmq.ROUTER)
        socket.linger = 0
        socket.bind(self.ipc())
        self.addCleanup(socket.close)
        worker = self.start("mdworker", "--broker", socket.getsockopt_string(zmq.LAST_ENDPOINT), "a=b")
        start, sent = time.monotonic(), 0
        while sent < 15 + 2 * (time.monotonic() - start):
            sent += 1
            peer, *_ = socket.recv_multipart()
            for command in (b"\5", b"\6"):
                socket.send_multipart([peer, b"MDPW02", command])
        worker.says("broker lost")
        for what in ("registered", "broker lost"):
            self.seldom(worker, what, 5, start, sent - 1)
            self.assertEqual({pairs["service"] for pairs in self.of(worker, what)}, {b"a=b"})

    def test_commands_that_fail(self):
        for program, told in (("lpserver", "failed"), ("flserver", "failed")):
            server = self.start(program, "--bind", self.ipc(), "--", "sh", "-c", 'echo "a=b \\"c\\"" >&2; exit 3', kind=keeltest.Broker)
            endpoint, start = server.endpoints(1)[0], time.monotonic()
            kind = zmq.DEALER if program == "lpserver" else zmq.ROUTER
            raw = self.raw(endpoint, kind, **({"connect_routing_id": b"server"} if kind == zmq.ROUTER else {"probe_router": 0}))
            for number in range(40):
                raw.put(*([b"", BODY] if kind == zmq.DEALER else [b"server", b"%08d" % number, BODY]))
            keeltest.eventually(lambda: self.stats(server)[told] == 40, "all have failed")
            self.seldom(server, "command failed", 10, start, 40)
            self.assertEqual({pairs["stderr"] for pairs in self.of(server, "command failed")}, {b'a=b "c"'})

    def stats(self, program):
        program.asked = getattr(program, "asked", 0) + 1
        program.signal(signal.SIGUSR1)
        return json.loads(program.says(r"(?m)stats (\{.*\})$", program.asked).group(1))


class Pairs(pair.PairCase, Case):
    def counters(self, node, asked):
        node.program.signal(signal.SIGUSR1)
        return json.loads(node.program.says(r"(?m)stats (\{.*\})$", asked).group(1))["pair"]

    def test_a_peer_that_cannot_make_up_its_mind(self):
        """Its role, its state and its epoch change all the time, until that was told far seldomer than it happened."""
        a = self.node("mdbroker", "a", "primary")
        peer = self.raw_peer(a)
        a.start(self.FAILOVER)
        start, rounds, conflicts = time.monotonic(), 0, 0
        self.until(lambda: peer.send(b"2 6 b") or a.said[0] == pair.ACTIVE, "the peer is heard")
        while conflicts < 40 + 2 * (time.monotonic() - start):
            for number in range(100 * rounds, 100 * rounds + 100):
                for word in (b"4 %d p" % number, b"3 %d b" % (1000 * number), b"4 %d by" % number):
                    peer.send(word)
                self.look(1)
            rounds += 1
            conflicts = self.counters(a, rounds)["peer_conflicts"]
        for what in ("active", "passive", "not serving: the peer has our role", "the peer is heard"):
            self.seldom(a.program, what, 10, start, conflicts)
        self.until(lambda: peer.send(b"3 99999998 b") or (a.said[0] == pair.PASSIVE and self.last_state(a) == "passive"), "the state that it has at last is told")

    def last_state(self, node):
        states = [line.what for line in self.lines(node.program) if line.what in ("active", "passive")]
        return states[-1]


class Counters(Case):
    def test_for_sigusr1(self):
        """One line, whole, from each program."""
        peers = ("--state-bind", self.ipc(), "--state-peer", self.ipc(), "--primary", "--state-file")
        for name, args in (("mdbroker", ("-b", self.ipc(), *peers, self.path("one"))), ("spqueue", ("-f", self.ipc(), "-b", self.ipc())),
                           ("ppqueue", ("-f", self.ipc(), "-b", self.ipc())),
                           ("titanic", ("--broker", self.ipc(), "--admin", self.ipc(), "--data", self.path("data"))),
                           ("binarystar", ("-f", self.ipc(), "--backend", self.ipc(), "--state-bind", self.ipc(), *peers[2:], self.path("two"))),
                           ("lpserver", ("-b", self.ipc())), ("flserver", ("-b", self.ipc()))):
            program = self.start(name, *args, kind=keeltest.Broker)
            program.endpoints(1)
            program.signal(signal.SIGUSR1)
            counters = json.loads(program.says(r"(?m)^NOTICE: stats (\{.*\})$").group(1))
            self.assertGreater(len(counters), 5)
            self.lines(program)

    def test_they_fit_when_they_are_large(self):
        """Numbers of twenty digits in the place of each figure."""
        broker = self.broker()
        text = json.dumps(self.client(broker).stats(), separators=(",", ":"))
        self.assertLess(len(re.sub(r"\b\d+\b", "9" * 20, text)) + len("NOTICE: stats \n"), 4096)


if __name__ == "__main__":
    keeltest.main()
