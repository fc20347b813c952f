"""Workers' sessions: registration, credit, heartbeats, tokens, and every way not to keep to them."""
import re

import keeltest
import mdp


class Sessions(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.mdbroker = self.broker()

    def dismissed_after(self, form, *frames, led=None, routing_id=None):
        """A fresh peer that sends this as a worker of that form gets DISCONNECT in its own version and form."""
        options = {"routing_id": routing_id} if routing_id else {}
        peer = self.worker(self.mdbroker, b"unused", form, ready=False, **options)
        peer.put(*peer.head, *frames)
        peer.dismissed()
        peer.quiet()
        return peer

    def test_ready_that_is_refused(self):
        cases = {b"mmi.service": [], b"mmi.": [], b"mmi.anything": [], b"": [], b"a b": [], b"x" * 256: [], b"\x7f": [],
                 b"caf\xc3\xa9": [], b"zero": [b"0"], b"many": [b"65536"], b"word": [b"abc"], b"sign": [b"+1"], b"minus": [b"-1"],
                 b"space": [b" 1"], b"empty": [b""], b"long": [b"000001"], b"nul": [b"1\0"], b"huge": [b"99999999999999999999"],
                 b"extra": [b"1", b"more"], b"hex": [b"0x1"]}
        for form in mdp.WORKER_FORMS:
            for name, rest in cases.items():
                with self.subTest(form=form, name=name):
                    self.dismissed_after(form, b"\1", name, *rest)
        stats = self.client(self.mdbroker).stats()
        self.assertEqual((stats["workers"], stats["services"], stats["workers_registered"]), (0, 0, 0))
        self.assertEqual(stats["ready_refused"], len(cases) * len(mdp.WORKER_FORMS))

    def test_names_that_only_look_reserved(self):
        """The service name counts, not the routing id; and a prefix, not a substring."""
        for name in (b"mmi", b"mmi_service", b"Mmi.service", b"xmmi.service", b"service.mmi.x", b"!~", b"z" * 255):
            worker = self.worker(self.mdbroker, name, routing_id=b"mmi." + name[:20])
            client = self.client(self.mdbroker)
            client.send(name, b"x")
            worker.answer()
            self.assertEqual(client.recv().service, name)
            worker.send("disconnect")

    def test_bad_ready_of_a_registered_worker(self):
        """It ends the session like a good one would."""
        for number, rest in enumerate(([b"name", b"0"], [b""], [b"mmi.x"], [b"other"], [b"name", b"1", b"1"])):
            service = b"bad%d" % number
            client = self.client(self.mdbroker)
            worker = self.worker(self.mdbroker, service)
            client.send(service, b"q")
            worker.request()
            worker.send("ready", *rest)
            worker.dismissed()
            other = self.worker(self.mdbroker, service)
            self.assertEqual(other.answer().body, [b"q"])
            self.assertEqual(client.recv().body, [b"q"])
            other.send("disconnect")

    def test_strangers(self):
        for form, commands in (("led1", b"\3\4"), ("bare1", b"\3\4"), ("strict2", b"\3\4\5"), ("led2", b"\3\4\5")):
            for command in commands:
                heartbeat = command == (4 if form.endswith("1") else 5)
                peer = self.dismissed_after(form, bytes([command]), *([] if heartbeat else [b"0" * 16, b"", b"x"]))
                peer.ready()                                # a session may begin after that
                peer.quiet()
                peer.send("disconnect")
                peer.send("disconnect")                     # a stranger's is ignored
                peer.quiet()

    def test_second_ready(self):
        for form in mdp.WORKER_FORMS:
            client, service = self.client(self.mdbroker), form.encode()
            worker = self.worker(self.mdbroker, service, form)
            client.send(service, b"q")
            request = worker.request()
            worker.ready()
            worker.dismissed()
            worker.final(request.token, b"of an ended session")
            worker.dismissed()
            worker.ready()
            again = worker.request()
            self.assertNotEqual(again.token, request.token)
            worker.final(request.token, b"the old attempt")
            worker.final(again.token, b"the new one")
            self.assertEqual(client.recv().body, [b"the new one"])
            client.quiet()
            worker.send("disconnect")

    def test_version_changed_within_a_session(self):
        worker = self.worker(self.mdbroker, b"echo", "led1")
        worker.put(b"", b"MDPW02", b"\5")
        self.assertEqual(worker.get(), [b"", b"MDPW02", b"\6"])
        self.registered(self.mdbroker, b"echo", b"404")

    def test_one_peer_in_both_versions_in_turn(self):
        client = self.client(self.mdbroker)
        peers = {form: self.worker(self.mdbroker, b"echo", form, ready=False) for form in ("led1", "strict2", "bare1", "led2")}
        one = peers["led1"]
        for form in peers:
            one.form, one.head = peers[form].form, peers[form].head
            one.ready()
            one.sync()
            client.send(b"echo", form.encode())
            one.answer()
            self.assertEqual(client.recv().body, [form.encode()])
            one.send("disconnect")
            one.sync()

    def test_disconnect_while_busy(self):
        client = self.client(self.mdbroker)
        first = self.worker(self.mdbroker, credit=5)
        for number in range(5):
            client.send(b"echo", b"%d" % number)
        requests = [first.request() for _ in range(5)]
        second = self.worker(self.mdbroker, credit=5, form="led2")
        first.final(requests[2].token, b"2")
        first.send("disconnect")
        self.assertEqual([second.answer().body for _ in range(4)], [[b"0"], [b"1"], [b"3"], [b"4"]])
        self.assertEqual(sorted(client.recv().body[0] for _ in range(5)), [b"0", b"1", b"2", b"3", b"4"])
        self.assertEqual(self.balanced(self.mdbroker)["requeued"], 4)

    def test_requeued_goes_before_what_waits(self):
        client, other = self.client(self.mdbroker), self.client(self.mdbroker)
        worker = self.worker(self.mdbroker, credit=2)
        for body in (b"a", b"b", b"c"):
            client.send(b"echo", body)
        client.sync()
        other.send(b"echo", b"other")
        other.sync()
        worker.send("disconnect")
        worker.ready()
        order = [worker.command()[1][-1] for _ in range(2)]  # what it had got before it left
        later = []
        while len(later) < 4:
            request = worker.request()
            later.append(request.body[0])
            worker.final(request.token, b"x")
        self.assertEqual((order, later[0]), ([b"a", b"b"], b"a"))
        self.assertEqual([body for body in later if body != b"other"], [b"a", b"b", b"c"])

    def test_trailing_frames(self):
        worker = self.worker(self.mdbroker)
        for form in ("heartbeat", "disconnect"):
            worker.send(form, b"service", b"", b"\0" * 500)
        worker.quiet()
        self.registered(self.mdbroker, b"echo", b"404")

    def test_a_worker_behind_extra_frames_is_malformed(self):
        peer = self.raw(self.mdbroker)
        peer.put(b"extra", b"", b"MDPW01", b"\1", b"echo")
        peer.quiet()
        self.assertEqual(self.client(self.mdbroker).stats()["workers"], 0)


class Tokens(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.mdbroker = self.broker()

    def test_form(self):
        worker, client = self.worker(self.mdbroker, credit=500), self.client(self.mdbroker)
        for _ in range(500):
            client.send(b"echo", b"x")
        tokens = {worker.request().token for _ in range(500)}
        self.assertEqual(len(tokens), 500)
        self.assertTrue(all(re.fullmatch(rb"[0-9a-f]{16}", token) for token in tokens))

    def test_answers_that_are_nobodys(self):
        client, bystander = self.client(self.mdbroker), self.client(self.mdbroker, "strict2", routing_id=b"bystander")
        worker, thief = self.worker(self.mdbroker), self.worker(self.mdbroker, b"other", "strict2")
        client.send(b"echo", b"q")
        bystander.send(b"other", b"q")
        request, stolen = worker.request(), thief.request()
        wrong = [b"bystander", b"", b"0" * 16, b"f" * 16, request.token.upper() + b"0", request.token[:-1], request.token + b"\0",
                 stolen.token, b"\0" * 16, b"%016x" % (int(request.token, 16) + (1 << 32)),
                 b"%016x" % (int(request.token, 16) + 1)]
        for token in wrong:
            worker.final(token, b"forged")
        thief.final(request.token, b"forged")
        thief.partial(request.token, b"forged")
        worker.quiet()
        thief.quiet()
        for peer in (client, bystander):
            peer.quiet()
        worker.final(request.token, b"true")
        thief.final(stolen.token, b"true")
        for peer in (client, bystander):
            self.assertEqual(peer.recv().body, [b"true"])
            peer.quiet()
        self.assertEqual(client.stats()["answers_dropped"], len(wrong) + 2)

    def test_the_second_answer_gives_no_credit(self):
        client, worker = self.client(self.mdbroker), self.worker(self.mdbroker)
        client.send(b"echo", b"1")
        request = worker.request()
        for _ in range(5):
            worker.final(request.token, b"1")
        worker.sync()
        for number in b"234":
            client.send(b"echo", bytes([number]))
        client.sync()
        self.assertEqual(worker.request().body, [b"2"])
        worker.quiet()
        self.assertEqual(client.recv().body, [b"1"])
        client.quiet()

    def test_late_answer(self):
        """The request went to another after its worker was let go: only that one's answer counts."""
        client = self.client(self.mdbroker)
        first = self.worker(self.mdbroker)
        client.send(b"echo", b"q")
        old = first.request()
        first.ready()
        first.dismissed()
        second = self.worker(self.mdbroker)
        new = second.request()
        first.ready()
        first.final(old.token, b"late")
        first.final(new.token, b"not its own")
        first.quiet()
        client.quiet()
        second.final(new.token, b"right")
        self.assertEqual(client.recv().body, [b"right"])

    def test_malformed_answers(self):
        client, worker = self.client(self.mdbroker), self.worker(self.mdbroker, form="strict2")
        client.send(b"echo", b"q")
        request = worker.request()
        for rest in ([], [request.token], [request.token, b""], [request.token, b"x", b"body"], [b"", request.token, b"", b"x"]):
            worker.send("final", *rest)
            worker.send("partial", *rest)
        worker.send("request", request.token, b"", b"body")
        worker.put(b"MDPW02")
        worker.put(b"MDPW02", b"")
        worker.put(b"MDPW02", b"\0")
        worker.quiet()
        client.quiet()
        worker.final(request.token, b"")
        self.assertEqual(client.recv().body, [b""])


class Credit(keeltest.Case):
    def test_as_many_at_once(self):
        broker = self.broker("--limit-pipe", 50)
        for form, credit, most in (("led1", 1, 1), ("strict2", 7, 7), ("led2", 50, 50), ("bare1", 65535, 50)):
            service, client = form.encode(), self.client(broker)
            for number in range(60):
                client.send(service, b"%d" % number)
            client.sync()
            worker = self.worker(broker, service, form, credit, ready=False)
            worker.ready()
            held = [worker.request() for _ in range(most)]
            worker.quiet()
            for request in reversed(held):
                worker.final(request.token, *request.body)
            for _ in held:                                  # the client's pipe is as small
                client.recv()
            while len(held) < 60:
                held.append(worker.answer())
                client.recv()
            self.assertEqual([int(request.body[0]) for request in held], list(range(60)))
            client.quiet()

    def test_leading_zeros_are_decimal(self):
        broker = self.broker()
        worker = self.worker(broker, ready=False)
        worker.send("ready", b"echo", b"00002")
        client = self.client(broker)
        for _ in range(3):
            client.send(b"echo", b"x")
        client.sync()
        self.assertEqual(len([worker.request() for _ in range(2)]), 2)
        worker.quiet()

    def test_taken_in_turn(self):
        """Idle workers of one service have the same share."""
        broker = self.broker()
        workers, client = [self.worker(broker) for _ in range(4)], self.client(broker)
        for turn in range(3):
            for number, worker in enumerate(workers):
                client.send(b"echo", b"%d.%d" % (turn, number))
                worker.answer()
                client.recv()


class Fairness(keeltest.Case):
    def test_clients_take_turns_and_keep_their_order(self):
        broker = self.broker()
        clients = [self.client(broker, form) for form in ("led1", "strict2", "frame2")]
        for client, amount in zip(clients, (30, 3, 10)):
            for number in range(amount):
                client.send(b"echo", b"%d" % clients.index(client), b"%d" % number)
            client.sync()
        worker = self.worker(broker)
        order = [tuple(map(int, worker.answer().body)) for _ in range(43)]
        for number, amount in enumerate((30, 3, 10)):
            self.assertEqual([turn for client, turn in order if client == number], list(range(amount)))
        self.assertEqual(sorted(client for client, _ in order[:9]), [0, 0, 0, 1, 1, 1, 2, 2, 2])
        self.assertEqual(max(order.index((1, n)) for n in range(3)) < 9, True)
        self.assertEqual(max(order.index((2, n)) for n in range(10)) < 23, True)


if __name__ == "__main__":
    keeltest.main()
