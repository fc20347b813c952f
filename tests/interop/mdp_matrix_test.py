"""Every form of client with every form of worker, straight and behind proxies: all understand each other."""
import itertools
import os

import keeltest
import mdp

CLIENTS = ("req", "correlate", "req2", "led1", "bare1", "frame1", "asking1", "strict2", "led2", "frame2", "asking2")
BODIES = ([b"one"], [b"", b"\0\xff", b""], [b"MDPW02", b"\4", b"", b"KEEL"])


class Matrix(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.mdbroker = self.broker()
        self.workers = {form: self.worker(self.mdbroker, form.encode(), form) for form in mdp.WORKER_FORMS}
        self.workers["credit"] = self.worker(self.mdbroker, b"credit", "led1", credit=3)

    def round_trips(self, endpoint, form):
        client = self.client(endpoint, form)
        for name, worker in self.workers.items():
            for body in BODIES:
                with self.subTest(client=form, worker=name, body=body):
                    client.send(name.encode(), *body)
                    self.assertEqual(worker.answer().body, body)
                    self.assertEqual(client.recv(), ("final", name.encode(), body, tuple(client.mark)))
        client.close()

    def test_straight(self):
        for form in CLIENTS:
            self.round_trips(self.mdbroker.endpoint, form)
        self.assertEqual(self.balanced(self.mdbroker)["answered"], len(CLIENTS) * len(self.workers) * len(BODIES))

    def test_behind_one_and_two_proxies(self):
        one = self.hop(self.mdbroker)
        for endpoint in (one, self.hop(one)):
            for form in CLIENTS:
                if mdp.CLIENT_FORMS[form].led:
                    self.round_trips(endpoint, form)

    def test_clients_behind_one_proxy_are_told_apart(self):
        front = self.hop(self.hop(self.mdbroker))
        worker = self.worker(self.mdbroker, b"many", credit=100)
        clients = [self.client(front, form) for form in CLIENTS if mdp.CLIENT_FORMS[form].led for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(b"many", b"%d" % number)
        for request in sorted([worker.request() for _ in clients], key=lambda request: request.token):
            worker.final(request.token, *request.body)
        for number, client in enumerate(clients):
            reply = client.recv()
            self.assertEqual((reply.body, reply.extra), ([b"%d" % number], tuple(client.mark)))

    def test_no_delimiter_behind_a_proxy_is_malformed(self):
        """A strict 0.2 client cannot be told from noise there: dropped, counted, said."""
        client = self.raw(self.hop(self.mdbroker))
        client.put(b"MDPC02", b"\1", b"strict2", b"body")
        watcher = self.client(self.mdbroker)
        keeltest.eventually(lambda: watcher.stats()["malformed_by_reason"]["no-header"] == 1, "it is counted")
        self.mdbroker.says("malformed message dropped")

    def test_same_peer_in_all_forms(self):
        """One connection changes its form with every request; each answer is in the form of its request."""
        client, worker = self.raw(self.mdbroker), self.workers["credit"]
        heads = [[*lead, header, *command] for lead in ([], [b""], [b"x", b""], [mdp.wishes(), b""])
                 for header, command in ((b"MDPC01", []), (b"MDPC02", [b"\1"]))]
        for head in heads:
            client.put(*head, b"credit", b"body")
            worker.answer()
            answered = [*head[:-1], b"\3"] if head[-1] == b"\1" else head
            self.assertEqual(client.get(), [*answered, b"credit", b"body"])

    def test_eight_extra_frames_and_no_more(self):
        worker = self.workers["led2"]
        client = self.client(self.mdbroker)
        for extra in ([b"%d" % n for n in range(8)], [b"y" * 255] * 8, [b"MDPC0", b"MDPC012", b"MDPX01", b"MDPC03"]):
            client.send(b"led2", b"body", extra=extra)
            worker.answer()
            self.assertEqual(client.recv().extra, tuple(extra))
        for extra in ([b"%d" % n for n in range(9)], [b"y" * 256], [b"x"] * 300):
            client.send(b"led2", b"body", extra=extra)
        client.quiet()
        worker.quiet()
        self.assertEqual(client.stats()["malformed_by_reason"]["envelope"], 3)

    def test_header_in_an_extra_frame_ends_nothing(self):
        """The first frame decides: a header behind an extra frame, without a delimiter, is malformed."""
        client = self.raw(self.mdbroker)
        client.put(b"extra", b"MDPC01", b"led1", b"body")
        client.put(b"extra", b"MDPC02", b"\1", b"led1", b"", b"MDPC09", b"x")
        client.put(b"")
        client.put(b"", b"")
        client.put(b"extra", b"")
        client.put(b"", b"", b"MDPC01", b"led1", b"body")
        client.quiet()
        self.workers["led1"].quiet()
        self.assertEqual(self.client(self.mdbroker).stats()["malformed_by_reason"]["no-header"], 6)

    def test_large_bodies(self):
        for client_form, worker_form in itertools.product(("led1", "strict2"), ("led1", "strict2")):
            client, worker = self.client(self.mdbroker, client_form), self.workers[worker_form]
            for body in ([os.urandom(3 << 20)], [os.urandom(9000)] * 40, [b"%d" % n for n in range(1000)]):
                client.send(worker_form.encode(), *body)
                self.assertTrue(worker.answer().body == body)
                self.assertTrue(client.recv().body == body)


if __name__ == "__main__":
    keeltest.main()
