"""lpserver's signals: SIGTERM finishes the request in work, a second one does not; SIGUSR1 is heard at any time."""
import os
import signal

import zmq

import keeltest


class Signals(keeltest.Case):
    def held(self):
        """A server whose command has begun, and waits for the gate. Its process, and the client."""
        gate, begun = self.path("gate"), self.path("begun")
        script = f"echo $$ > {begun}.new; mv {begun}.new {begun}; while test -e {begun} && ! test -e {gate}; do sleep 0.01; done; echo done"
        server = self.lpserver(command=("sh", "-c", script))
        peer = self.raw(server, zmq.REQ)
        peer.put(b"x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        with open(begun, encoding="ascii") as file:
            return server, peer, int(file.read())

    def open_gate(self):
        open(self.path("gate"), "w", encoding="ascii").close()

    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.lpserver()
            server.signal(number)
            self.assertEqual(server.exits(), 0)
            self.lpserver(bind=server.endpoint)

    def test_sigterm_finishes_the_request_in_work(self):
        server, peer, _ = self.held()
        waiting = self.raw(server, zmq.REQ)
        waiting.put(b"not begun")
        server.signal(signal.SIGTERM)
        server.says("stopping")
        self.assertTrue(server.running())
        self.open_gate()
        self.assertEqual(peer.get(), [b"done\n"])
        self.assertEqual(server.exits(), 0)
        waiting.gets_none(0)

    def test_a_large_answer_is_sent_whole(self):
        begun = self.path("begun")
        server = self.lpserver(command=("sh", "-c", f"touch {begun}; head -c 20000000 /dev/zero"), bind="tcp://127.0.0.1:*")
        peer = self.raw(server, zmq.REQ)
        peer.put(b"x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        server.signal(signal.SIGTERM)
        self.assertEqual(len(peer.get()[0]), 20000000)
        self.assertEqual(server.exits(), 0)

    def test_a_second_one_ends_it_at_once(self):
        server, _, command = self.held()
        server.signal(signal.SIGTERM)
        server.says("stopping")
        server.signal(signal.SIGTERM)
        self.assertEqual(server.exits(), 1)
        keeltest.eventually(lambda: not self.runs(command), "the command is killed")

    def test_under_load(self):
        server = self.lpserver()
        peers = [self.raw(server) for _ in range(4)]
        for _ in range(5000):
            for peer in peers:
                peer.put(b"", b"x")
        server.signal(signal.SIGUSR1)
        server.says(r"stats \{")
        server.signal(signal.SIGTERM)
        self.assertEqual(server.exits(), 0)

    def test_stats_while_a_command_runs(self):
        server, peer, _ = self.held()
        for count in range(1, 4):
            server.signal(signal.SIGUSR1)
            server.says(r'stats \{"requests":1,"answered":0', count)
        server.signal(signal.SIGHUP)
        server.says("nothing to reload")
        self.open_gate()
        self.assertEqual(peer.get(), [b"done\n"])

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return ") Z " not in stat.read()
        except OSError:
            return False


if __name__ == "__main__":
    keeltest.main()
