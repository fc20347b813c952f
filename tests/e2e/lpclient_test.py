"""lpclient against servers that answer, are silent, die, freeze, restart, or mean harm."""
import os
import random
import signal
import struct
import subprocess
import time

import zmq

import keeltest
import loopback


class Server:
    """A bare ROUTER that answers by hand. What it takes: [routing id][options][""][body...]"""

    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def take(self):
        if not self.socket.poll(keeltest.DEADLINE * 1000):
            raise AssertionError("no request came")
        return self.socket.recv_multipart()

    def put(self, *frames):
        self.socket.send_multipart(frames)

    def got(self):
        """All that is there."""
        messages = []
        while self.socket.poll(0):
            messages.append(self.socket.recv_multipart())
        return messages

    def close(self):
        self.socket.close()


class Lpclient(keeltest.Case):
    def server(self, endpoint=loopback.ANY_PORT):
        return self.met(Server(self.context, endpoint))

    def ask(self, servers, *words, **options):
        listed = [word for server in servers for word in ("--server", getattr(server, "endpoint", server))]
        return self.start("lpclient", *listed, *words, **options)

    def ends(self, client, code, out=""):
        self.assertEqual((client.exits(), client.out()), (code, out), client.err())
        return client.err()

    def counts(self, server, **wanted):
        server.signal(signal.SIGUSR1)
        line = server.says(r"stats \{.*").group(0)
        for name, number in wanted.items():
            self.assertIn(f'"{name}":{number},', line)

    # ---- answers

    def test_prints_each_frame_on_a_line(self):
        server = self.server()
        client = self.ask([server], "-t", 4000, "one", "", "three")
        request = server.take()
        self.assertEqual(request[2:], [b"", b"one", b"", b"three"])
        magic, flags, ttl = struct.unpack(">5sB2xI8x", request[1])
        self.assertEqual((magic, flags), (b"KEEL\1", 0))
        self.assertTrue(2000 <= ttl < 4000, ttl)
        server.put(*request[:3], b"1", b"", b"3")
        self.assertEqual(self.ends(client, 0, "1\n\n3\n"), "")

    def test_frames_of_all_kinds(self):
        server = self.lpserver()
        self.ends(self.ask([server]), 0, "\n")
        self.ends(self.ask([server], "--", "-v"), 0, "-v\n")
        data = self.path("data")
        with open(data, "wb") as file:
            file.write(b"0123456789abcde\n" * 500000)
        with open(data, "rb") as file:
            client = self.ask([server], "a", "-", stdin=file)
            self.assertEqual(client.exits(), 0, client.err())
        with open(client.paths[0], "rb") as out, open(data, "rb") as file:
            self.assertTrue(out.read() == b"a\n" + file.read() + b"\n")

    def test_any_rep_server(self):
        rep = self.context.socket(zmq.REP)
        self.addCleanup(rep.close, 0)
        port = rep.bind_to_random_port(f"tcp://{loopback.ADDRESS}")
        for stock in ([], ["--stock"]):
            client = self.ask([f"tcp://{loopback.ADDRESS}:{port}"], *stock, "x")
            self.assertEqual(rep.poll(keeltest.DEADLINE * 1000), zmq.POLLIN)
            self.assertEqual(rep.recv_multipart(), [b"x"])
            rep.send(b"y")
            self.ends(client, 0, "y\n")

    def test_behind_proxies(self):
        self.ends(self.ask([self.hop(self.hop(self.lpserver()))], "far"), 0, "far\n")

    def test_stale_and_repeated_answers_are_not_printed(self):
        server = self.server()
        client = self.ask([server], "-t", 400, "-r", 20, "x")
        first, second = server.take(), server.take()
        self.assertNotEqual(first[0], second[0])          # a fresh socket
        self.assertNotEqual(first[1], second[1])
        server.put(*first[:3], b"stale")
        server.put(second[0], *first[1:3], b"stale")      # over the new connection
        server.put(second[0], b"", b"no envelope")
        server.put(*second[:3], b"fresh")
        server.put(*second[:3], b"again")
        self.ends(client, 0, "fresh\n")

    def test_always_one_try_too_late(self):
        server = self.server()
        client = self.ask([server], "-t", 500, "-r", 3, "x")
        previous = None
        for _ in range(4):
            request = server.take()
            if previous:
                server.put(*previous[:3], b"stale")
            previous = request
        self.ends(client, 1)
        self.assertEqual(server.got(), [])

    def test_stock(self):
        """Nothing extra; told apart by the connection alone."""
        server = self.server()
        client = self.ask([server], "--stock", "-t", 400, "-r", 20, "x")
        first, second = server.take(), server.take()
        self.assertEqual((first[1:], second[1:]), ([b"", b"x"], [b"", b"x"]))
        server.put(first[0], b"", b"stale")
        server.put(second[0], b"", b"fresh")
        self.ends(client, 0, "fresh\n")

    # ---- no answers

    def test_gives_up(self):
        server = self.server()
        start = time.monotonic()
        err = self.ends(self.ask([server], "-t", 400, "-r", 2, "x"), 1)
        self.assertGreaterEqual(time.monotonic() - start, 1.2)
        self.assertIn(server.endpoint, err)
        requests = server.got()
        self.assertEqual(len(requests), 3)
        self.assertEqual(len({request[0] for request in requests}), 3)

    def test_nobody_there(self):
        """The whole patience, and words."""
        start = time.monotonic()
        endpoints = [f"ipc://{self.path('nobody')}", f"ipc://{self.path('none')}"]
        for servers in (endpoints[:1], endpoints):
            self.assertIn("nothing was heard", self.ends(self.ask(servers, "-t", 150, "-r", 1, "x"), 1))
            self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_hostile_answers(self):
        noise = random.Random(8)
        for body in ([b""], [b"x" * 1000000], [noise.randbytes(50) for _ in range(1000)], [b""] * 2000):
            server = self.server()
            client = self.ask([server], "-t", 1000, "-r", 0, "x")
            request = server.take()
            for junk in ([b""], [b"\1"], [b"no delimiter"], [b"x" * 300, b"", b"y"], [b"h"] * 9 + [b"", b"y"], request[1:3]):
                server.put(request[0], *junk)
            for _ in range(200):
                server.put(request[0], *(noise.randbytes(noise.randrange(4)) for _ in range(noise.randrange(1, 6))))
            server.put(*request[:3], *body)
            self.assertIn(client.exits(), (0, 1))
        server = self.server()
        client = self.ask([server], "-t", 500, "-r", 0, "x")
        request = server.take()
        while client.running():                           # a flood does not hold it beyond its time
            server.put(*request[:2], b"", b"")
            server.put(request[0], b"", b"y" * 100)
            if not server.socket.poll(0, zmq.POLLOUT):
                time.sleep(0.001)
        self.assertIn(client.exits(), (0, 1))

    # ---- servers that come and go

    def test_killed_at_work_and_started_again(self):
        begun, gate = self.path("begun"), self.path("gate")
        script = f"touch {begun}; while test -e {begun} && ! test -e {gate}; do sleep 0.01; done; echo done"
        server = self.lpserver(command=("sh", "-c", script))
        client = self.ask([server], "-t", 10000, "-r", 1, "x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        server.kill()
        open(gate, "w", encoding="ascii").close()
        time.sleep(0.3)                                   # nobody is there meanwhile
        self.assertTrue(client.running())
        self.lpserver(command=("sh", "-c", script), bind=server.endpoint)
        self.ends(client, 0, "done\n\n")

    def test_the_last_try_notices_a_kill(self):
        begun = self.path("begun")
        server = self.lpserver(command=("sh", "-c", f"touch {begun}; sleep 1000"))
        client = self.ask([server], "-t", 60000, "-r", 0, "x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        server.kill()
        self.assertIn("the connection ended", self.ends(client, 1))

    def test_killed_at_work_the_other_takes_it(self):
        begun = self.path("begun")
        one = self.lpserver(command=("sh", "-c", f"touch {begun}; sleep 1000"))
        other = self.lpserver()
        client = self.ask([one, other], "-t", 60000, "x")
        keeltest.eventually(lambda: os.path.exists(begun), "the command begins")
        one.kill()
        self.ends(client, 0, "x\n")

    def test_frozen_the_other_takes_it(self):
        one, other = self.lpserver(), self.lpserver()
        one.signal(signal.SIGSTOP)
        self.ends(self.ask([one, other], "-t", 200, "x"), 0, "x\n")
        one.signal(signal.SIGCONT)
        self.counts(other, requests=1, answered=1)

    def test_frozen_and_thawed(self):
        server = self.lpserver()
        server.signal(signal.SIGSTOP)
        client = self.ask([server], "-t", 300, "-r", 100, "x")
        time.sleep(0.7)
        server.signal(signal.SIGCONT)
        self.ends(client, 0, "x\n")

    def test_dead_the_other_takes_it_at_once(self):
        other = self.lpserver()
        client = self.ask([f"ipc://{self.path('nobody')}", other], "-t", 60000, "-r", 0, "x")
        self.ends(client, 0, "x\n")

    def test_not_started_yet(self):
        endpoint = self.ipc()
        client = self.ask([endpoint], "-t", 10000, "-r", 0, "x")
        time.sleep(0.3)
        self.lpserver(bind=endpoint)
        self.ends(client, 0, "x\n")

    def test_stopped_and_continued_it_sends_no_more_than_told(self):
        server = self.server()
        client = self.ask([server], "-t", 60000, "-r", 0, "x")
        request = server.take()
        for _ in range(3):
            client.signal(signal.SIGSTOP)
            keeltest.eventually(lambda: self.state(client) == "T", "it is stopped")
            client.signal(signal.SIGCONT)
            keeltest.eventually(lambda: self.state(client) == "S", "it goes on")
        server.put(*request[:3], b"y")
        self.ends(client, 0, "y\n")
        self.assertEqual(server.got(), [])

    @staticmethod
    def state(program):
        with open(f"/proc/{program.pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(") ")[2][0]

    # ---- the command line

    def test_usage(self):
        for words in (["--no-such"], ["-t", "0"], ["-t", "soon"], ["-r", "-1"], ["--server", "nonsense"], ["--server", "inproc://x"],
                      ["-", "-"]):
            self.assertTrue(self.runs_to(64, "lpclient", *words).err(), words)

    def test_an_answer_that_cannot_be_written_is_a_failure(self):
        server = self.lpserver()
        program = self.start("lpclient", "--version")
        program.exits()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program.process.args[0], "--server", server.endpoint, "x"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=keeltest.DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)


if __name__ == "__main__":
    keeltest.main()
