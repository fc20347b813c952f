"""How mdbroker starts and how it refuses to: options, configuration, endpoints, exit codes."""
import os
import re
import socket

import keeltest

USAGE, UNAVAILABLE, CONFIG = 64, 69, 78


class CommandLine(keeltest.Case):
    def test_help_and_version(self):
        self.assertIn("--bind", self.runs_to(0, "mdbroker", "--help").out())
        self.assertRegex(self.runs_to(0, "mdbroker", "--version").out(), r"\d+\.\d+\.\d+")

    def test_usage(self):
        wrong = [["--nonsense"], ["-Z"], ["--bind"], ["stray"], ["--heartbeat", "abc"], ["--heartbeat", "-5"], ["--heartbeat", ""],
                 ["--heartbeat", "1e3"], ["--liveness", "0"], ["--request-ttl", "99999999999999999999"], ["--limit-frame-bytes", "3X"], ["--limit-frame-bytes", "64k"],
                 ["--bind", "nonsense"], ["--bind", "tcp://"], ["--bind", "tcp://127.0.0.1:99999"], ["--bind", ""],
                 ["--bind", "udp://127.0.0.1:5555"], ["--bind", "inproc://nowhere"],
                 ["--admin", "tcp:/127.0.0.1:1"], ["--max-attempts", "3 "], ["--spin", "1.5"]]
        for words in wrong:
            with self.subTest(words=words):
                program = self.runs_to(USAGE, "mdbroker", *words)
                self.assertTrue(program.err().strip())
                self.assertFalse(program.out())

    def test_sizes(self):
        for size in ("65536", "64K", "1M", "1G"):
            self.still_serves(self.broker("--limit-frame-bytes", size))


class Configuration(keeltest.Case):
    def refused(self, text, line, *words):
        """78, naming file, line and what it is about."""
        path = self.file("bad.cfg", text)
        program = self.runs_to(CONFIG, "mdbroker", "-c", path)
        self.assertRegex(program.err(), rf"{re.escape(path)}:{line}\b")
        for word in words:
            self.assertIn(word, program.err())

    def test_unknown_keys(self):
        self.refused('listen\n    endpoint = "ipc://x"\n    endpont = "ipc://y"\n', 3, "endpont")
        self.refused("heartbeat\n    interval = 100\nnonsense\n    x = 1\n", 3, "nonsense")
        self.refused("limits\n    services = 5\n    workers = 3\n        deeper = 1\n", 4)

    def test_bad_values(self):
        self.refused("heartbeat\n    interval = abc\n", 2, "interval", "abc")
        self.refused("heartbeat\n    interval = 2500\n    liveness = 0\n", 3, "liveness")
        self.refused("# comment\n\nlimits\n    frame-bytes = 5Q\n", 4, "frame-bytes")
        self.refused('listen\n    endpoint = "nonsense"\n', 2, "nonsense")
        self.refused('listen\n    endpoint = "ipc://x"\n    admin = 2\n', 3, "admin")
        self.refused("listen\n    admin = 1\n", 1)

    def test_missing_file(self):
        program = self.runs_to(CONFIG, "mdbroker", "-c", self.path("none.cfg"))
        self.assertIn(self.path("none.cfg"), program.err())

    def test_a_directory_is_no_file(self):
        self.assertIn(self.folder, self.runs_to(CONFIG, "mdbroker", "-c", self.folder).err())

    def test_every_key(self):
        one, admin = self.ipc(), self.ipc()
        path = self.file("full.cfg", f"""# a broker with all keys
listen
    endpoint = "{one}"
listen
    endpoint = "{admin}"
    admin = 1
heartbeat
    interval = 100
    liveness = 30
    busy-timeout = 60000
request
    ttl = 60000
    max-attempts = 3
limits
    services = 10000
    workers = 100000
    queued = 1000000
    queued-bytes = 1G
    outstanding = 1
    partial-bytes = 64M
    frame-bytes = 67108864
    frames = 1024
    pipe = 10000
drain
    timeout = 30000
""")
        broker = self.start("mdbroker", "-c", path, kind=keeltest.Broker)
        self.assertEqual(broker.endpoints(2), [one, admin])
        worker = self.worker(one)
        worker.get("heartbeat, every 100 msec")
        client = self.asking(one)
        client.send(b"nobody", b"x")
        client.send(b"nobody", b"x")
        client.notice(429, b"nobody")
        self.assertEqual(self.client(admin).call(b"mmi.drain", b"echo").body, [b"200"])
        self.assertEqual(self.client(one).call(b"mmi.drain", b"echo").body, [b"403"])

    def test_options_override_it(self):
        """Any --bind stands in for all its listen sections."""
        inside, outside = self.ipc(), self.ipc()
        path = self.file("broker.cfg", f'listen\n    endpoint = "{inside}"\n    admin = 1\nlimits\n    outstanding = 1\n')
        broker = self.start("mdbroker", "-c", path, "-b", outside, "--limit-outstanding", 2, kind=keeltest.Broker)
        self.assertEqual(broker.endpoints(1), [outside])
        self.assertFalse(os.path.exists(inside[6:]))
        client = self.asking(outside)
        for _ in range(3):
            client.send(b"nobody", b"x")
        client.notice(429, b"nobody")
        client.quiet()


class Endpoints(keeltest.Case):
    def test_wildcard_ports_are_announced(self):
        broker = self.start("mdbroker", "-b", "tcp://127.0.0.1:*", "-b", "tcp://127.0.0.1:0", "-b", "tcp://[::1]:*",
                            "-b", "tcp://*:*", "-b", self.ipc(), kind=keeltest.Broker)
        endpoints = broker.endpoints(5)
        for endpoint, pattern in zip(endpoints, (r"tcp://127\.0\.0\.1:\d+", r"tcp://127\.0\.0\.1:[1-9]\d*", r"tcp://\[::1\]:\d+",
                                                 r"tcp://\*:\d+", r"ipc://.*/s1")):
            self.assertRegex(endpoint, f"^{pattern}$")
        reached = [endpoint.replace("*", "127.0.0.1") for endpoint in endpoints]
        worker = self.worker(reached[2])
        for endpoint in reached:
            client = self.client(endpoint)
            client.send(b"echo", endpoint.encode())
            worker.answer()
            self.assertEqual(client.recv().body, [endpoint.encode()])

    def test_all_interfaces_are_v4_and_v6(self):
        broker = self.broker(bind="tcp://*:*")
        port = broker.endpoint.rsplit(":", 1)[1]
        for host in ("127.0.0.1", "[::1]"):
            self.assertEqual(self.client(f"tcp://{host}:{port}").call(b"mmi.service", b"x").body, [b"404"])

    def test_tcp_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            endpoint = f"tcp://127.0.0.1:{other.getsockname()[1]}"
            self.assertIn(endpoint, self.runs_to(UNAVAILABLE, "mdbroker", "-b", endpoint).err())

    def test_taken_by_a_broker(self):
        """Whoever has it keeps it, tcp or ipc."""
        for bind in (None, "tcp://127.0.0.1:*"):
            broker = self.broker(bind=bind)
            self.assertIn(broker.endpoint, self.runs_to(UNAVAILABLE, "mdbroker", "-b", broker.endpoint).err())
            self.still_serves(broker)

    def test_the_same_twice(self):
        endpoint = self.ipc()
        self.runs_to(UNAVAILABLE, "mdbroker", "-b", endpoint, "-b", endpoint)

    def test_second_endpoint_fails(self):
        """Nothing is left of the first."""
        taken, first = self.broker(), self.ipc()
        self.runs_to(UNAVAILABLE, "mdbroker", "-b", first, "-b", taken.endpoint)
        self.still_serves(self.broker(bind=first))

    def test_socket_file_of_a_killed_broker(self):
        broker = self.broker()
        broker.kill()
        self.assertTrue(os.path.exists(broker.endpoint[6:]))
        self.still_serves(self.broker(bind=broker.endpoint))

    def test_addresses_that_cannot_be_bound(self):
        for endpoint, remedy in (("tcp://192.0.2.1:5555", "of this machine"), ("ipc:///nonexistent/folder/socket", "create the directory"),
                                 ("tcp://nosuchinterface0:5555", "of this machine")):
            said = self.runs_to(UNAVAILABLE, "mdbroker", "-b", endpoint).err()
            self.assertIn(endpoint, said)
            self.assertIn(remedy, said)

    def test_ipc_path_that_is_too_long(self):
        program = self.start("mdbroker", "-b", "ipc://" + self.path("x" * 200))
        self.assertIn(program.exits(), (USAGE, UNAVAILABLE))
        self.assertTrue(program.err().strip())

    def test_abstract_ipc(self):
        name = f"ipc://@keel-test-{os.getpid()}"
        broker = self.broker(bind=name)
        self.still_serves(broker)
        self.runs_to(UNAVAILABLE, "mdbroker", "-b", name)

    def test_restart_while_peers_stay(self):
        """Clients and workers of the old broker find the new one by themselves, and the worker is told that it is a stranger."""
        broker = self.broker(bind="tcp://127.0.0.1:*")
        worker, client = self.worker(broker), self.client(broker)
        broker.kill()
        broker = self.broker(bind=broker.endpoint)
        keeltest.eventually(lambda: client.call(b"mmi.service", b"echo").body == [b"404"], "the client is back")
        worker.send("heartbeat")
        worker.dismissed()
        worker.ready()
        client.send(b"echo", b"x")
        worker.answer()
        self.assertEqual(client.recv().body, [b"x"])


if __name__ == "__main__":
    keeltest.main()
