"""Pairs of mdbroker and of binarystar as processes: start orders, kills, freezes, peers of the Guide, hostile ones, operators."""
import fcntl
import os
import signal
import subprocess
import time

import zmq

import keeltest
import pair
from pair import ACTIVE, BACKUP, PASSIVE, PRIMARY


class Both:
    """What holds for either program."""
    kind = None

    def test_start_orders(self):
        """Whoever is first; the backup alone does not serve."""
        a, b = self.pair(self.kind, start=False)
        b.start(self.FAILOVER)
        self.settles(b, BACKUP)
        self.stays(3 * self.FAILOVER / 1000, b, BACKUP, ask=[b])
        a.start(self.FAILOVER)
        self.settles(a, ACTIVE, b, PASSIVE)
        self.assertEqual(a.said[1], 1)

    def test_primary_alone_serves_once_asked(self):
        a, b = self.pair(self.kind, start=False)
        a.start(self.FAILOVER)
        self.settles(a, PRIMARY)
        self.stays(2 * self.FAILOVER / 1000, a, PRIMARY)
        self.settles(a, ACTIVE, ask=[a])
        b.start(self.FAILOVER)
        self.settles(a, ACTIVE, b, PASSIVE)

    def test_kill_and_return(self):
        """No fail-back; each epoch is above the last."""
        a, b = self.pair(self.kind)
        for dies, follows in ((a, b), (b, a), (a, b)):
            epoch = dies.said[1]
            self.kill(dies)
            self.settles(follows, ACTIVE, ask=[follows])
            self.assertGreater(follows.said[1], epoch)
            self.assertEqual(follows.said[1] % 2, follows.role == "primary")
            dies.start(self.FAILOVER)
            self.settles(dies, PASSIVE, follows, ACTIVE)
            self.stays(2 * self.FAILOVER / 1000, dies, PASSIVE, follows, ACTIVE, ask=[dies, follows])

    def test_goodbye(self):
        """SIGTERM: the other one need not wait, and nobody has to ask."""
        a, b = self.pair(self.kind)
        a.program.signal(signal.SIGTERM)
        self.assertEqual(a.program.exits(), 0)
        self.settles(b, ACTIVE)

    def test_freeze_and_thaw(self):
        a, b = self.pair(self.kind)
        a.program.signal(signal.SIGSTOP)
        self.settles(b, ACTIVE, ask=[b])
        a.program.signal(signal.SIGCONT)
        self.settles(a, PASSIVE, b, ACTIVE)
        b.program.signal(signal.SIGSTOP)
        for _ in range(20):
            self.vote(b)
        self.settles(a, ACTIVE, ask=[a])
        b.program.signal(signal.SIGCONT)        # its votes wait, and what its peer has said, too
        self.settles(b, PASSIVE, a, ACTIVE)
        self.stays(2 * self.FAILOVER / 1000, b, PASSIVE, a, ACTIVE)

    def test_handover_by_signal(self):
        a, b = self.pair(self.kind)
        for gives, takes in ((a, b), (b, a)):
            gives.program.signal(signal.SIGUSR2)
            self.settles(gives, PASSIVE, takes, ACTIVE)
            self.until(lambda: not gives.said[2], "it yields no longer")
        b.program.signal(signal.SIGUSR2)
        b.program.says('no handover reason="it is not active"')

    def test_handover_without_a_peer(self):
        a, b = self.pair(self.kind)
        self.kill(b)
        time.sleep(2 * self.FAILOVER / 1000)
        a.program.signal(signal.SIGUSR2)
        a.program.says('no handover reason="the peer is silent"')
        self.stays(0.3, a, ACTIVE)

    def test_guide_peers(self):
        """Digits alone, both ways round."""
        a = self.node(self.kind, "a", "primary")
        peer = self.raw_peer(a)
        a.start(self.FAILOVER)
        self.settles(a, PRIMARY)
        for word, state in ((b"1", PRIMARY), (b"2", ACTIVE), (b"4", ACTIVE), (b"3", ACTIVE)):
            end = time.monotonic() + 2 * self.FAILOVER / 1000
            while time.monotonic() < end:
                peer.send(word)
                self.look(20)
            self.assertEqual(a.said[0], state, word)
        b = self.node(self.kind, "b", "backup")
        peer = self.raw_peer(b)
        b.start(self.FAILOVER)
        for word, state in ((b"3", PASSIVE), (b"4", PASSIVE), (b"1", ACTIVE)):
            self.until(lambda word=word, state=state: peer.send(word) or b.said[0] == state, word)

    def test_hostile_publisher(self):
        """Floods, giants, messages of many frames: no event, no growth; and the peer's own word gets through."""
        a = self.node(self.kind, "a", "primary")
        peer = self.raw_peer(a)
        a.start(self.FAILOVER)
        self.settles(a, PRIMARY)
        before = a.program.status("VmRSS")
        for number in range(300):
            peer.send(os.urandom(1000))
            peer.send_multipart([b"2"] * 500)
            peer.send(b"2 18446744073709551615 b")
            if number % 30 == 0:
                peer.send(b"2" * 20_000_000)
            self.look(1)
        self.assertEqual(a.said[0], PRIMARY)
        self.assertLess(a.program.status("VmRSS") - before, 50_000)
        self.until(lambda: peer.send(b"2 6 b") or a.said[0] == ACTIVE, "the peer's word gets through")
        a.program.signal(signal.SIGUSR1)
        text = a.program.says(r'"peer_malformed":(\d+)')
        self.assertGreater(int(text.group(1)), 10)
        self.assertGreater(int(a.program.says(r'"peer_ended":(\d+)').group(1)), 0)

    def test_two_of_a_role(self):
        for role in ("primary", "backup"):
            nodes = [self.node(self.kind, f"{role}{n}", role) for n in range(2)]
            nodes[0].peer, nodes[1].peer = nodes[1].state, nodes[0].state
            for node in nodes:
                node.start(self.FAILOVER)
            for node in nodes:
                node.program.says(f"not serving: the peer has our role.* role={role}")
            waits = PRIMARY if role == "primary" else BACKUP
            self.settles(nodes[0], waits, nodes[1], waits)
            self.stays(3 * self.FAILOVER / 1000, nodes[0], waits, nodes[1], waits, ask=nodes)

    def refused(self, code, *argv, says, file="x.epoch"):
        rest = ["--bind", self.ipc()] if self.kind == "mdbroker" else ["--frontend", self.ipc(), "--backend", self.ipc()]
        program = self.runs_to(code, self.kind, *rest, "--state-file", self.path(file), *argv)
        self.assertRegex(program.err(), says)

    def test_what_is_refused(self):
        own, peer = self.ipc(), self.ipc()
        good = ("--primary", "--state-bind", own, "--state-peer", peer)
        self.refused(64, "--primary", "--state-bind", own, says="needs --state-peer")
        self.refused(64, "--state-bind", own, "--state-peer", peer, says="needs --primary or --backup")
        self.refused(64, *good, "--failover", 99, says="from 100")
        self.refused(78, "--backup", "--state-bind", own, "--state-peer", own, says="is our own")
        self.refused(78, "--backup", "--state-bind", "tcp://*:5999", "--state-peer", "tcp://localhost:5999", says="is our own")
        self.refused(78, *good, file="none/x.epoch", says="cannot write the state file .*none/x.epoch: .*a directory that exists")
        os.mkdir(self.path("folder"))
        self.refused(78, *good, file="folder", says="state file .*folder: .*name another")
        for text in ("", "7\n", "keel-bstar 1\nepoch 7\n", "keel-bstar 1\nepoch 8\ncheck 0000000000000000\n"):
            self.file("x.epoch", text)
            self.refused(78, *good, says="x.epoch is damaged; to reset it")
        os.remove(self.path("x.epoch"))
        held = open(self.path("x.epoch.lock"), "w", encoding="ascii")
        fcntl.flock(held, fcntl.LOCK_EX)
        self.refused(78, *good, says="x.epoch is another process's: .*give each one of its own")
        held.close()
        self.refused(69, "--primary", "--state-bind", "tcp://192.0.2.1:5999", "--state-peer", peer, says="cannot listen on tcp://192")

    def test_epoch_file_is_whole(self):
        """After any activation, what is stored is what is published."""
        a, b = self.pair(self.kind)
        for _ in range(3):
            self.kill(a)
            with open(self.path("a.epoch"), encoding="ascii") as file:
                self.assertRegex(file.read(), r"\Akeel-bstar 1\nepoch \d+\ncheck [0-9a-f]{16}\n\Z")
            self.settles(b, ACTIVE, ask=[b])
            a.start(self.FAILOVER)
            self.settles(a, PASSIVE)
            b.program.signal(signal.SIGUSR2)
            self.settles(a, ACTIVE, b, PASSIVE)


class Brokers(Both, pair.PairCase):
    kind = "mdbroker"

    def ledger(self, a, b, count):
        """mdclient and mdworker with both brokers; each answer is counted."""
        brokers = ["--broker", a.front, "--broker", b.front]
        for _ in range(2):
            self.start("mdworker", *brokers, "--heartbeat", 200, "echo")
        return self.start("mdclient", *brokers, "-n", count, "echo", "x")

    def test_handovers_under_load(self):
        """No request is lost, and none fails."""
        a, b = self.pair(self.kind)
        client = self.ledger(a, b, 100000)
        self.until(lambda: client.out().count("\n") > 100, "answers come")
        for turn in range(6):
            gives, takes = ((a, b), (b, a))[turn % 2]
            gives.program.signal(signal.SIGUSR2)
            self.settles(gives, PASSIVE, takes, ACTIVE)
            seen = client.out().count("\n")
            self.until(lambda: client.out().count("\n") > seen + 100 or not client.running(), "answers come from the other")
            self.assertTrue(client.running() or client.process.returncode == 0, client.err())
        client.kill()
        self.assertEqual(client.err(), "")

    def test_kills_under_load(self):
        a, b = self.pair(self.kind)
        client = self.ledger(a, b, 1000000)
        for dies, follows in ((a, b), (b, a)):
            seen = client.out().count("\n")
            self.until(lambda: client.out().count("\n") > seen + 100, "answers come")
            self.kill(dies)
            self.settles(follows, ACTIVE)           # they ask
            seen = client.out().count("\n")
            self.until(lambda: client.out().count("\n") > seen + 100, "answers come from the other", 5)
            dies.start(self.FAILOVER)
            self.settles(dies, PASSIVE)
        self.assertTrue(client.running(), client.err())
        client.kill()

    def test_operators(self):
        a, b = self.pair(self.kind, start=False)
        b.start(self.FAILOVER)
        self.settles(b, BACKUP)
        self.runs_to(1, "mdctl", "--broker", b.front, "promote")                # no administrator
        self.runs_to(1, "mdctl", "--broker", b.admin, "handover")
        promoted = self.runs_to(0, "mdctl", "--broker", b.admin, "promote")
        self.assertEqual(promoted.out(), "active, epoch 2\n")
        a.start(self.FAILOVER)
        self.settles(a, PASSIVE, b, ACTIVE)
        status = self.runs_to(0, "mdctl", "--broker", a.front, "status").out()
        for line in (r"role +primary", r"pair +passive", r"epoch +2", r"peer +active, heard 0\.\ds ago"):
            self.assertRegex(status, line)
        given = self.runs_to(0, "mdctl", "--broker", b.admin, "handover")
        self.assertEqual(given.out(), "passive; its peer takes over\n")
        self.settles(a, ACTIVE, b, PASSIVE)
        self.kill(b)
        self.stays(2 * self.FAILOVER / 1000, a, ACTIVE)
        self.runs_to(1, "mdctl", "--broker", a.admin, "handover")
        alone = self.broker("--admin", self.ipc())
        self.runs_to(1, "mdctl", "--broker", alone.endpoints(2)[1], "promote")

    def test_passive_turns_workers_away_and_counts_votes(self):
        a, b = self.pair(self.kind)
        worker = self.worker(b.front, ready=False)
        worker.ready()
        worker.dismissed()
        client = self.client(b.front)
        client.send(b"echo", b"x")
        client.send(b"mmi.service", b"echo")
        stats = client.stats()
        self.assertEqual((stats["requests_passive"], stats["ready_passive"], stats["draining"]), (2, 1, False))
        self.assertEqual(stats["pair"]["state"], "passive")
        self.assertGreaterEqual(stats["pair"]["votes"], 3)


class Stars(Both, pair.PairCase):
    kind = "binarystar"

    def test_whole_envelope_goes_through(self):
        a, b = self.pair(self.kind)
        self.assertEqual(self.ask(a, 5), [b"one", b"two", b"", b"a:x"])
        self.assertIsNone(self.ask(b))
        self.kill(a)
        self.settles(b, ACTIVE, ask=[b])
        self.assertEqual(self.ask(b, 5), [b"one", b"two", b"", b"b:x"])

    def test_commands(self):
        """Once a transition, with the epoch; the state goes on being published while one runs."""
        a, b = self.pair(self.kind, start=False)
        log, gate = self.path("log"), self.path("gate")
        line = f'echo "$KEEL_ROLE $KEEL_STATE $KEEL_EPOCH" >> {log}'
        a.extra = ["--on-active", f"{line}; while test ! -e {gate}; do sleep 0.02; done", "--on-passive", line]
        b.extra = ["--on-active", line, "--on-passive", line]
        a.start(self.FAILOVER)
        b.start(self.FAILOVER)
        self.settles(a, ACTIVE, b, PASSIVE)
        self.stays(3 * self.FAILOVER / 1000, a, ACTIVE, b, PASSIVE, ask=[a, b])
        self.assertIsNone(self.ask(a))
        open(gate, "w").close()
        self.until(lambda: self.ask(a), "it serves once its command is done")
        a.program.signal(signal.SIGUSR2)
        self.settles(a, PASSIVE, b, ACTIVE)
        self.until(lambda: self.ask(b), "the other serves")
        with open(log, encoding="ascii") as file:
            said = file.read().splitlines()
        self.assertEqual(sorted(said[:2]), ["backup passive 1", "primary active 1"])
        self.assertEqual(sorted(said[2:]), ["backup active 2", "primary passive 1"])

    def test_command_that_fails(self):
        """The peer takes over, and it says so."""
        a, b = self.pair(self.kind, start=False)
        a.extra = ["--on-active", "echo no disk >&2; exit 3"]
        a.start(self.FAILOVER)
        b.start(self.FAILOVER)
        self.settles(a, PASSIVE, b, ACTIVE)
        a.program.says('command failed option=on-active reason="exit status 3" stderr="no disk"')
        self.stays(1, b, ACTIVE)

    def test_server_that_restarts(self):
        a, _ = self.pair(self.kind)
        self.until(lambda: self.ask(a), "it serves")
        self.servers.pop(0).stop()
        self.assertIsNone(self.ask(a))
        self.servers.append(pair.Echo(self.context, a.backend, b"new"))
        self.until(lambda: (self.ask(a) or [b""])[-1] == b"new:x", "the new one answers")


if __name__ == "__main__":
    keeltest.main()
