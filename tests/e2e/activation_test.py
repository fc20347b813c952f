"""Socket activation: daemons that listen on sockets which somebody holds for them, across restarts."""
import os
import signal
import socket
import stat
import threading

import keeltest
import pirates
import systemd
from keeltest import eventually

RESTARTS = 20
EX_CONFIG = 78


class Knocker(threading.Thread):
    """Connects without end, as fast as it is let in, and notes who was refused or waited in vain."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.made, self.ended, self.failed, self.ending = port, 0, 0, [], False
        self.start()

    def run(self):
        while not self.ending:
            try:
                with socket.create_connection(("127.0.0.1", self.port), keeltest.DEADLINE) as made:
                    self.greeted(made)
                self.made += 1
            except OSError as problem:
                self.failed.append(problem)

    def greeted(self, made):
        """ZMTP's greeting comes once somebody has accepted. The broker that has may be at its end: then the connection ends too, as
        those of all clients do, who come again."""
        made.settimeout(keeltest.DEADLINE)
        try:
            self.ended += not made.recv(10)
        except ConnectionResetError:
            self.ended += 1

    def stop(self):
        self.ending = True
        self.join()


class Asker(threading.Thread):
    """mdclients, one after the other; every request must be answered, if need be at a second try."""

    def __init__(self, case, endpoint):
        super().__init__(daemon=True)
        self.case, self.endpoint, self.answered, self.lost, self.ending = case, endpoint, 0, [], False
        self.start()

    def run(self):
        while not self.ending:
            client = self.case.start("mdclient", "--broker", self.endpoint, "--timeout", 1000, "--retries", 20, "--count", 20, "echo", "hello")
            if client.exits(60) == 0 and client.out() == 20 * "hello\n":
                self.answered += 20
            else:
                self.lost.append(client.err())

    def stop(self):
        self.ending = True
        self.join()


class Mdbroker(keeltest.Case):
    def held(self, *endpoints):
        self.sockets = systemd.Sockets(self, *endpoints)
        return self.sockets

    def activated(self, *args):
        """mdbroker over the held sockets, and what it listens on."""
        broker = self.start("mdbroker", *args, kind=keeltest.Broker, **self.sockets.options())
        broker.endpoint = broker.endpoints(1)[0]
        return broker

    def refused(self, *words, args=()):
        daemon = self.start("mdbroker", *args, **self.sockets.options())
        self.assertEqual(daemon.exits(), EX_CONFIG, daemon.err())
        for word in words:
            self.assertIn(word, daemon.err())

    def test_restarts_refuse_nobody(self):
        """Twenty restarts while some connect without end and others ask: none is refused, no request is lost."""
        port = self.held(("127.0.0.1", 0), self.path("admin")).port()
        endpoint, admin = f"tcp://127.0.0.1:{port}", "ipc://" + self.path("admin")
        args = "--bind", endpoint, "--admin", admin, "--heartbeat", 100
        broker = self.activated(*args)
        self.start("mdworker", "--broker", endpoint, "--heartbeat", 100, "echo")
        self.registered(endpoint, b"echo")
        knocker, asker = Knocker(port), Asker(self, endpoint)
        for _ in range(RESTARTS):
            made, answered = knocker.made, asker.answered
            broker.signal(signal.SIGTERM)
            self.assertEqual(broker.exits(), 0)
            broker = self.activated(*args)
            eventually(lambda: knocker.made > made + 10 and (asker.lost or asker.answered > answered), "all go on")
        asker.stop()
        knocker.stop()
        self.assertEqual((knocker.failed, asker.lost), ([], []))
        self.assertLessEqual(knocker.ended, RESTARTS)
        self.still_serves(broker)
        self.assertEqual(self.client(admin).call(b"mmi.drain", b"echo").body[0], b"200")

    def test_who_comes_between_waits(self):
        """Without any daemon, and with one that drains: connected, and served by the next one."""
        port = self.held(("127.0.0.1", 0)).port()
        endpoint = f"tcp://127.0.0.1:{port}"
        broker = self.activated("--bind", endpoint)
        worker, client = self.worker(broker), self.client(broker)
        client.send(b"echo", b"held")
        held = worker.request()
        broker.signal(signal.SIGTERM)
        broker.says("draining")
        late = [self.client(endpoint) for _ in range(3)]
        for peer in late:
            peer.send(b"echo", b"late")
        with socket.create_connection(("127.0.0.1", port)) as knock:
            knock.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                knock.recv(1)
            worker.final(held.token, b"done")
            self.assertEqual(client.recv().body, [b"done"])
            self.assertEqual(broker.exits(), 0)
            with self.assertRaises(TimeoutError):
                knock.recv(1)
            broker = self.activated("--bind", endpoint)
            knock.settimeout(keeltest.DEADLINE)
            self.assertEqual(knock.recv(1), b"\xff")
        again = self.worker(broker)
        for _ in late:
            again.answer()
        for peer in late:
            self.assertEqual(peer.recv().body, [b"late"])

    def test_addresses(self):
        """Whichever way an endpoint says it."""
        for given, wanted in ((("127.0.0.1", 0), "tcp://127.0.0.1:{}"), (("127.0.0.1", 0), "tcp://lo:{}"), (("0.0.0.0", 0), "tcp://*:{}"),
                              (("::", 0), "tcp://*:{}"), (("::", 0), "tcp://0.0.0.0:{}"), (("::1", 0), "tcp://[0:0::1]:{}")):
            with self.subTest(f"{given} {wanted}"):
                endpoint = wanted.format(self.held(given).port())
                broker = self.activated("--bind", endpoint)
                self.assertIn(f"listening on {endpoint} from=systemd", broker.err())
                loopback = "[::1]" if given[0] == "::1" else "127.0.0.1"
                self.still_serves(f"tcp://{loopback}:{self.sockets.port()}")

    def test_paths(self):
        """The file is whoever's who made it: it stays, with its rights."""
        path = self.path("local")
        self.held(path)
        os.chmod(path, 0o640)
        broker = self.activated("--bind", "ipc://" + path)
        self.still_serves(broker)
        broker.signal(signal.SIGTERM)
        self.assertEqual(broker.exits(), 0)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.still_serves(self.activated("--bind", "ipc://" + path))

    def test_abstract_names(self):
        name = "keel." + os.path.basename(self.folder)
        self.held("\0" + name)
        self.still_serves(self.activated("--bind", "ipc://@" + name))

    def test_the_others_are_bound(self):
        port = self.held(("127.0.0.1", 0)).port()
        broker = self.activated("--bind", self.ipc(), "--bind", f"tcp://127.0.0.1:{port}", "--bind", "tcp://127.0.0.1:*")
        for endpoint in broker.endpoints(3):
            self.still_serves(endpoint)
        self.assertEqual(broker.err().count("from=systemd"), 1)

    def test_one_that_nothing_names(self):
        """Its clients would wait for ever."""
        self.held(("127.0.0.1", 0), ("127.0.0.1", 0))
        ports = [self.sockets.port(index) for index in range(2)]
        self.refused(f"systemd passes tcp://127.0.0.1:{ports[1]},", args=["--bind", f"tcp://127.0.0.1:{ports[0]}"])
        self.refused(f"systemd passes tcp://127.0.0.1:{ports[0]},",
                     args=["--bind", f"tcp://*:{ports[0]}", "--bind", f"tcp://127.0.0.1:{ports[1]}"])

    def test_one_that_does_not_listen(self):
        self.held(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            self.sockets.sockets.append(datagrams)
            self.refused("test1.socket", "ListenStream=")

    def test_for_another_process(self):
        """LISTEN_PID is somebody else's: nothing was passed."""
        broker = self.start("mdbroker", "--bind", self.ipc(), env={"LISTEN_PID": "1", "LISTEN_FDS": "1"}, kind=keeltest.Broker)
        self.still_serves(broker.endpoints(1)[0])


class Queues(pirates.Case):
    def test_both_ends(self):
        for self.program in ("spqueue", "ppqueue"):
            with self.subTest(self.program):
                sockets = systemd.Sockets(self, ("127.0.0.1", 0), self.path(self.program))
                front, back = f"tcp://127.0.0.1:{sockets.port()}", "ipc://" + self.path(self.program)
                for _ in range(3):
                    queue = self.start(self.program, "--frontend", front, "--backend", back, kind=pirates.Queue, **sockets.options())
                    queue.frontend, queue.backend = queue.endpoints(2)
                    self.assertEqual(queue.err().count("from=systemd"), 2)
                    self.still_serves(queue)
                    queue.signal(signal.SIGTERM)
                    self.assertEqual(queue.exits(), 0)


if __name__ == "__main__":
    keeltest.main()
