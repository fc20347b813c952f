"""Version mixes and PARTIALs: what a client of either version sees of a worker of either version."""
import keeltest


class Partials(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.mdbroker = self.broker("--limit-partial-bytes", "1M")

    def held(self, client, form="strict2", service=b"parts", **options):
        """A worker that holds one request of this client."""
        worker = self.worker(self.mdbroker, service, form, **options)
        client.send(service, b"question")
        return worker, worker.request()

    def test_at_once_to_a_02_client(self):
        for number, (client_form, worker_form) in enumerate((c, w) for c in ("strict2", "led2", "frame2", "req2")
                                                            for w in ("strict2", "led2")):
            client = self.client(self.mdbroker, client_form)
            worker, request = self.held(client, worker_form, b"s%d" % number)
            parts = [[b"first", b""], [b""], [b"x" * 1000]] if client_form != "req2" else []
            for part in parts:                              # one by one: each is there before the next is made
                worker.partial(request.token, *part)
                self.assertEqual(client.recv()[::2], ("partial", part))
            worker.final(request.token, b"end")
            self.assertEqual(client.recv(), ("final", worker.service, [b"end"], tuple(client.mark)))

    def test_held_for_a_01_client(self):
        for form in ("req", "correlate", "led1", "frame1", "bare1", "asking1"):
            client = self.client(self.mdbroker, form)
            worker, request = self.held(client, service=form.encode())
            worker.partial(request.token, b"a", b"")
            worker.partial(request.token, b"")
            worker.sync()
            if form == "led1":
                client.quiet()
            worker.final(request.token, b"z", b"")
            self.assertEqual(client.recv(), ("final", form.encode(), [b"a", b"", b"", b"z", b""], tuple(client.mark)))

    def test_final_without_partials(self):
        for client_form in ("led1", "strict2"):
            client = self.client(self.mdbroker, client_form)
            worker, request = self.held(client, service=client_form.encode())
            worker.final(request.token, b"only")
            self.assertEqual(client.recv().kind, "final")
            client.quiet()

    def test_nothing_after_final(self):
        client = self.client(self.mdbroker, "strict2")
        worker, request = self.held(client)
        worker.final(request.token, b"end")
        worker.partial(request.token, b"late")
        worker.final(request.token, b"again")
        worker.quiet()
        self.assertEqual(client.recv().body, [b"end"])
        client.quiet()
        self.assertEqual(client.stats()["answers_dropped"], 2)

    def test_partial_is_no_command_of_01(self):
        """0.1's byte 03 is REPLY; its 06 and 0.2's 07 are nothing."""
        client = self.client(self.mdbroker)
        worker, request = self.held(client, "led1")
        worker.put(b"", b"MDPW01", b"\6", request.token, b"", b"x")
        worker.put(b"", b"MDPW02", b"\7", request.token, b"", b"x")
        worker.put(b"", b"MDPW01", b"\3\0", request.token, b"", b"x")
        worker.quiet()
        worker.final(request.token, b"true")
        self.assertEqual(client.recv().body, [b"true"])
        self.assertEqual(client.stats()["malformed_by_reason"]["command"], 3)

    def test_interleaved(self):
        """A worker with credit answers several requests in pieces that mix."""
        worker = self.worker(self.mdbroker, b"mix", "led2", credit=4)
        clients = [self.client(self.mdbroker, form) for form in ("led1", "strict2", "led2", "asking1")]
        requests = []
        for client in clients:
            client.send(b"mix", b"q")
            requests.append(worker.request())
        for turn in range(3):
            for number, request in enumerate(requests):
                worker.partial(request.token, b"%d.%d" % (number, turn))
        for request in reversed(requests):
            worker.final(request.token, b"end")
        for number, client in enumerate(clients):
            parts = [b"%d.%d" % (number, turn) for turn in range(3)]
            if client.form.version == 2:
                self.assertEqual([client.recv().body for _ in parts], [[part] for part in parts])
                parts = []
            self.assertEqual(client.recv().body, [*parts, b"end"])

    def test_too_much_held_fails_the_request(self):
        client = self.asking(self.mdbroker)
        worker, request = self.held(client)
        for _ in range(3):
            worker.partial(request.token, b"x" * 400000)
        client.notice(502, b"parts")
        worker.partial(request.token, b"more")
        client.quiet()
        client.send(b"parts", b"next")
        worker.quiet()                                      # it is still at the first one
        worker.final(request.token, b"end of the first")
        self.assertEqual(worker.answer(b"fine").body, [b"next"])
        self.assertEqual(client.recv().body, [b"fine"])
        client.quiet()
        self.assertEqual(self.balanced(self.mdbroker)["failed_502"], 1)

    def test_lost_after_a_partial_was_seen(self):
        for form, leave in (("asking2", lambda worker: worker.send("disconnect")), ("asking2", lambda worker: worker.ready()),
                            ("asking2", lambda worker: worker.close())):
            client = self.asking(self.mdbroker, form)
            worker, request = self.held(client)
            other = self.worker(self.mdbroker, b"parts", "strict2")
            worker.partial(request.token, b"seen")
            self.assertEqual(client.recv().kind, "partial")
            leave(worker)
            client.notice(502, b"parts")
            other.quiet()
            other.send("disconnect")
            other.sync()

    def test_lost_while_partials_were_held(self):
        client = self.asking(self.mdbroker)
        worker, request = self.held(client)
        worker.partial(request.token, b"thrown away")
        worker.send("disconnect")
        other = self.worker(self.mdbroker, b"parts", "led2")
        again = other.request()
        other.partial(again.token, b"kept")
        other.final(again.token, b"end")
        self.assertEqual(client.recv().body, [b"kept", b"end"])
        client.quiet()
        self.assertEqual(self.balanced(self.mdbroker)["requeued"], 1)

    def test_too_many_frames_joined(self):
        """Held PARTIALs may together have more frames than one message may: their client takes them all the same."""
        client = self.client(self.mdbroker)
        worker, request = self.held(client)
        for _ in range(3):
            worker.partial(request.token, *[b"f"] * 900)
        worker.final(request.token, b"end")
        self.assertEqual(len(client.recv().body), 2701)


if __name__ == "__main__":
    keeltest.main()
