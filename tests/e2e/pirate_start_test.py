"""How spqueue and ppqueue start and how they refuse to: options, configuration, endpoints, exit codes."""
import os
import re
import socket

import keeltest
import pirates

USAGE, UNAVAILABLE, CONFIG = 64, 69, 78


class Both:
    def test_help_and_version(self):
        said = self.runs_to(0, self.program, "--help").out()
        for option in ("--frontend", "--backend", "--busy-timeout", "--request-ttl", "--max-attempts"):
            self.assertIn(option, said)
        for option in ("--heartbeat", "--liveness"):
            self.assertEqual(option in said, self.program == "ppqueue")
        self.assertRegex(self.runs_to(0, self.program, "--version").out(), r"\d+\.\d+\.\d+")

    def test_usage(self):
        wrong = [["--nonsense"], ["--frontend"], ["stray"], ["--busy-timeout", "abc"], ["--busy-timeout", "-5"], ["--request-ttl", "0"],
                 ["--heartbeat", "banana"], ["-f", "nonsense"], ["-b", "tcp://"], ["-b", "tcp://127.0.0.1:99999"],
                 ["--bind", "ipc://x"], ["-f", "inproc://nowhere"], ["--limit-services", "5"]]
        for words in wrong:
            with self.subTest(words=words):
                program = self.runs_to(USAGE, self.program, *words)
                self.assertTrue(program.err().strip())
                self.assertFalse(program.out())

    def refused(self, text, line, *words):
        """78, naming file, line and what it is about."""
        path = self.file("bad.cfg", text)
        program = self.runs_to(CONFIG, self.program, "-c", path)
        self.assertRegex(program.err(), rf"{re.escape(path)}:{line}\b")
        for word in words:
            self.assertIn(word, program.err())

    def test_bad_configuration(self):
        self.refused('frontend\n    endpoint = "ipc://x"\n    endpont = "ipc://y"\n', 3, "endpont")
        self.refused('listen\n    endpoint = "ipc://x"\n', 1, "listen")
        self.refused('backend\n    endpoint = "ipc://x"\n    admin = 1\n', 3, "admin")
        self.refused("limits\n    workers = 3\n    services = 1\n", 3, "services")
        self.refused("heartbeat\n    busy-timeout = soon\n", 2, "busy-timeout", "soon")
        self.refused("# comment\n\nrequest\n    ttl = 0\n", 4, "ttl", "1 to 2592000000")
        self.refused('frontend\n    endpoint = "nonsense"\n', 2, "nonsense")
        self.refused("backend\n", 1, "endpoint")
        program = self.runs_to(CONFIG, self.program, "-c", self.path("none.cfg"))
        self.assertIn(self.path("none.cfg"), program.err())

    def configured(self, count, text, *args):
        queue = self.start(self.program, "-c", self.file("queue.cfg", text), *args, kind=pirates.Queue)
        return queue, queue.endpoints(count)

    def test_sections_repeated(self):
        """Every frontend reaches every backend."""
        fronts, backs = [self.ipc() for _ in range(3)], [self.ipc() for _ in range(2)]
        sections = [("backend", backs[0]), ("frontend", fronts[0]), ("frontend", fronts[1]), ("backend", backs[1]), ("frontend", fronts[2])]
        queue, ends = self.configured(5, "".join(f'{name}\n    endpoint = "{end}"\n' for name, end in sections), *self.beats(30000))
        self.assertEqual(sorted(ends), sorted(fronts + backs))
        self.all_reach_all(queue, fronts, backs)

    def all_reach_all(self, queue, fronts, backs):
        """The workers, one a backend, are used in turn."""
        workers = [self.worker(back) for back in backs]
        queue.reaches(workers=len(backs))
        used = set()
        for front in fronts * 2:
            client = self.client(front)
            client.send(front.encode())
            worker = keeltest.eventually(lambda: next((one for one in workers if one.socket.poll(0)), None), "a request")
            worker.answer()
            used.add(worker)
            self.assertEqual(client.answer(), [front.encode()])
        self.assertEqual(len(used), len(backs))

    def test_options_override_it(self):
        """Any --frontend stands in for all frontend sections, and leaves the backend ones alone."""
        inside, outside, back = self.ipc(), self.ipc(), self.ipc()
        _, ends = self.configured(2, f'frontend\n    endpoint = "{inside}"\nbackend\n    endpoint = "{back}"\n', "-f", outside)
        self.assertEqual(ends, [outside, back])
        self.assertFalse(os.path.exists(inside[6:]))

    def test_options_repeated(self):
        ends = [self.ipc() for _ in range(4)]
        queue = self.start(self.program, "-f", ends[0], "-b", ends[1], "-f", ends[2], "-b", ends[3], *self.beats(30000), kind=pirates.Queue)
        self.assertEqual(sorted(queue.endpoints(4)), sorted(ends))
        self.all_reach_all(queue, ends[::2], ends[1::2])

    def test_wildcard_ports_are_announced(self):
        queue = self.queue(frontend="tcp://127.0.0.1:*", backend="tcp://[::1]:*")
        self.assertRegex(queue.frontend, r"^tcp://127\.0\.0\.1:[1-9]\d*$")
        self.assertRegex(queue.backend, r"^tcp://\[::1\]:[1-9]\d*$")
        self.still_serves(queue)

    def test_endpoints_that_are_taken(self):
        """Whoever has them keeps them, tcp or ipc."""
        for bind in (None, "tcp://127.0.0.1:*"):
            queue = self.queue(frontend=bind, backend=bind)
            for ends in ((queue.frontend, self.ipc()), (self.ipc(), queue.backend)):
                said = self.runs_to(UNAVAILABLE, self.program, "-f", ends[0], "-b", ends[1]).err()
                self.assertTrue(queue.frontend in said or queue.backend in said)
            self.still_serves(queue)
        with socket.create_server(("127.0.0.1", 0)) as other:
            endpoint = f"tcp://127.0.0.1:{other.getsockname()[1]}"
            self.assertIn(endpoint, self.runs_to(UNAVAILABLE, self.program, "-f", self.ipc(), "-b", endpoint).err())

    def test_the_same_for_both(self):
        endpoint = self.ipc()
        self.assertIn(endpoint, self.runs_to(UNAVAILABLE, self.program, "-f", endpoint, "-b", endpoint).err())

    def test_socket_files_of_a_killed_queue(self):
        queue = self.queue()
        queue.kill()
        self.assertTrue(os.path.exists(queue.frontend[6:]))
        self.still_serves(self.queue(frontend=queue.frontend, backend=queue.backend))


class Simple(Both, pirates.Case):
    program = "spqueue"


class Paranoid(Both, pirates.Case):
    program = "ppqueue"

    def test_heartbeat_and_liveness(self):
        """From the file, too."""
        front, back = self.ipc(), self.ipc()
        queue, _ = self.configured(2, f'frontend\n    endpoint = "{front}"\nbackend\n    endpoint = "{back}"\n'
                                      "heartbeat\n    interval = 50\n    liveness = 4\n")
        self.worker(back, silent=True)
        stats = queue.reaches(workers_expired=1)
        self.assertGreaterEqual(stats["heartbeats_sent"], 2)


if __name__ == "__main__":
    keeltest.main()
