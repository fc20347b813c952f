"""Raw ROUTERs that speak FLP as RFC 10 has it, against flserver and flclient."""
import os
import random

import zmq

import flp
import keeltest


class ServerSide(keeltest.Case):
    def flserver(self, *options, bind=None):
        server = self.start("flserver", "--bind", bind or "tcp://127.0.0.1:*", *options, kind=keeltest.Broker)
        server.endpoint = server.endpoints(1)[0]
        return server

    def peer(self, server, name=None):
        return self.met(flp.Client(self.context, getattr(server, "endpoint", server), name))

    def test_its_identity_is_its_endpoint(self):
        for bind in ("tcp://127.0.0.1:*", self.ipc(), "tcp://[::1]:*"):
            peer = self.peer(self.flserver(bind=bind))
            self.assertEqual(peer.call(b"PING"), [b"PONG"])
            self.assertEqual(peer.call(b"control", b"body"), [b"control", b"body"])

    def test_or_what_it_advertises(self):
        server = self.flserver("--advertise", "tcp://far.example:1234")
        peer = self.peer(server)
        peer.name = b"tcp://far.example:1234"
        self.assertEqual(peer.call(b"PING"), [b"PONG"])
        self.assertEqual(self.peer(server, b"own name").call(b"PING"), [b"PONG"])

    def test_any_control_frame_goes_back_as_it_came(self):
        peer = self.peer(self.flserver(), b"s")
        for control in (b"12345678", b"\0" * 8, b"\xff" * 8, b"c", b"", b"PING", b"PONG", b"x" * 300, os.urandom(100000)):
            for body in ([b"body"], [b""], [b"a", b"", b"\0"], [b"%d" % n for n in range(500)]):
                self.assertEqual(peer.call(control, *body), [control, *body])

    def test_a_large_body(self):
        peer = self.peer(self.flserver(), b"s")
        body = os.urandom(8000000)
        self.assertEqual(peer.call(b"12345678", body), [b"12345678", body])

    def test_what_is_neither_is_dropped(self):
        peer = self.peer(self.flserver(), b"s")
        for frames in ([b""], [b"PONG"], [b"ping"], [b"PINGS"], [b"12345678"], [os.urandom(1000)]):
            peer.put(*frames)
        peer.put(b"c", *[b"x"] * 2000)          # more frames than a message may have
        peer.sync()
        self.assertEqual(peer.arrived, [])
        self.assertEqual(peer.call(b"c", b"next"), [b"c", b"next"])

    def test_a_dealer_is_served_too(self):
        peer = self.raw(self.flserver())
        peer.put(b"PING")
        self.assertEqual(peer.get(), [b"PONG"])
        peer.put(b"c", b"body")
        self.assertEqual(peer.get(), [b"c", b"body"])

    def test_many_clients_with_many_requests(self):
        server = self.flserver("--concurrency", 3)
        peers = [self.peer(server, b"s") for _ in range(10)]
        asked = [{b"%08d" % n: b"%d of %d" % (n, number) for n in range(200)} for number in range(len(peers))]
        for peer, requests in zip(peers, asked):
            for control, body in requests.items():
                peer.put(control, body)
        for peer, requests in zip(peers, asked):
            got = [peer.get() for _ in requests]
            self.assertEqual({control: body for control, body in got}, requests)
            peer.sync()
            self.assertEqual(peer.arrived, [])


class ClientSide(keeltest.Case):
    def server(self, **options):
        return self.met(flp.Server(self.context, **options))

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: [peer.close() for peer in self.peers])

    def ask(self, *servers, words=("hello",), options=()):
        listed = [word for server in servers for word in ("--server", getattr(server, "endpoint", server))]
        return self.start("flclient", *listed, *options, *words)

    def prints(self, client, *lines):
        self.assertEqual((client.exits(), client.out().splitlines()), (0, list(lines)), client.err())

    def test_servers_with_an_identity_and_without(self):
        for options in ({}, {"identity": False}, {"endpoint": self.ipc()}):
            server = self.server(behave=lambda frames: [[frames[0], b"re", *frames[1:]]], **options)
            self.prints(self.ask(server, words=("one", "two")), "re", "one", "two")
            self.assertEqual(server.bodies, [[b"one", b"two"]])
            self.assertEqual([len(control) for control in server.requests], [8])
            self.assertEqual(server.pings, 1)

    def test_control_frames_differ(self):
        server = self.server()
        for _ in range(5):
            self.prints(self.ask(server), "hello")
        self.assertEqual(len(server.requests), 5)

    def test_nothing_else_is_taken_for_the_answer(self):
        def behave(frames):
            control = frames[0]
            yield [b"PONG"]
            yield [b"PONG", b"wrong"]
            yield [b""]
            yield [b"", control, b"wrong"]
            yield [control]
            yield [control[:7], b"wrong"]
            yield [control + b"\0", b"wrong"]
            yield [control[::-1] + b"x", b"wrong"]
            yield [os.urandom(8), b"wrong"]
            yield [b"%d" % random.getrandbits(60)] * 2000
            yield [control, b"right"]
            yield [control, b"wrong, for it is the second"]
        for identity in (True, False):
            self.prints(self.ask(self.server(behave=behave, identity=identity)), "right")

    def test_a_late_pong(self):
        server = self.server(pongs=False)
        client = self.ask(server, options=("-t", "10000"))
        keeltest.eventually(lambda: server.pings, "a PING")
        self.assertFalse(server.requests)
        server.pongs = True                       # it connects anew, and asks again
        self.prints(client, "hello")
        self.assertEqual(sum(server.requests.values()), 1)

    def test_a_server_that_answers_no_request(self):
        mute, live = self.server(behave=lambda frames: []), self.server()
        self.prints(self.ask(mute, live, options=("--policy", "ordered", "--try", "200")), "hello")
        self.assertLessEqual(sum(mute.requests.values()), 1)
        self.assertEqual(sum(live.requests.values()), 1)
        self.assertLessEqual(set(mute.requests), set(live.requests))

    def test_shotgun(self):
        mute, live = self.server(behave=lambda frames: []), self.server()
        self.prints(self.ask(mute, live, options=("--policy", "shotgun", "--try", "10000")), "hello")

    def test_the_same_server_twice_is_one(self):
        server = self.server()
        self.prints(self.ask(server, server), "hello")
        self.assertEqual((server.pings, sum(server.requests.values())), (1, 1))


if __name__ == "__main__":
    keeltest.main()
