"""How titanic starts and how it refuses to: options, data directories, endpoints, exit codes."""
import os
import signal

import keeltest
import titanic

USAGE, UNAVAILABLE, CONFIG = 64, 69, 78


class CommandLine(keeltest.Case):
    def test_help_and_version(self):
        self.assertIn("--data", self.runs_to(0, "titanic", "--help").out())
        self.assertRegex(self.runs_to(0, "titanic", "--version").out(), r"\d+\.\d+\.\d+")

    def test_usage(self):
        for words in (["--nonsense"], ["stray"], ["--broker", "nonsense"], ["--map-size", "banana"], ["--map-size", "-5"], ["--map-size", "12X"],
                      ["--map-size", "M"], ["--window", "0"], ["--max-attempts", "x"], ["--reply-ttl", "-1"], ["--admin", "nonsense"]):
            with self.subTest(words=words):
                program = self.runs_to(USAGE, "titanic", "--data", self.path("data"), *words)
                self.assertTrue(program.err().strip())
                self.assertFalse(program.out())
        self.assertFalse(os.path.exists(self.path("data")))


class Directory(titanic.Case):
    def refused(self, data, *words):
        program = self.runs_to(CONFIG, "titanic", "--broker", self.ipc(), "--data", data)
        self.assertIn(data, program.err())
        for word in words:
            self.assertIn(word, program.err())

    def test_one_that_another_titanic_has(self):
        self.station()
        self.refused(self.data, "another titanic")

    def test_ones_that_are_not_ours(self):
        os.mkdir(self.path("home"))
        self.file("home/letter.txt", "dear")
        self.refused(self.path("home"), "empty")
        os.mkdir(self.path("damaged"))
        self.file("damaged/data.mdb", "x" * 10000)
        self.refused(self.path("damaged"), "data.mdb")
        self.refused(self.path("home/letter.txt"), "directory")
        self.refused(self.path("no/such/parent"), "create")

    def test_one_that_was_cut_short(self):
        broker, daemon = self.station()
        self.tsp(broker).flood(b"echo", 500, size=2000)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.exits(), 0)
        file = os.path.join(self.data, "data.mdb")
        for size, word in ((500 * 2000, "cut short"), (5 * 4096, "cut short"), (300, "damaged"), (0, "empty")):
            with self.subTest(size=size):
                os.truncate(file, size)
                self.refused(self.data, word, "restore a backup")

    def test_an_admin_endpoint_that_is_taken(self):
        self.station()
        self.runs_to(UNAVAILABLE, "titanic", "--broker", self.ipc(), "--data", self.path("other"), "--admin", self.admin)


class Configuration(titanic.Case):
    def test_file_environment_and_options(self):
        broker = self.broker()
        config = self.file("titanic.cfg", f'broker\n    endpoint = "{broker.endpoint}"\nadmin\n    endpoint = "{self.admin}"\n'
                                          f'store\n    data = "{self.data}"\nrequest\n    window = 3\n')
        self.start("titanic", "-c", config)
        self.registered(broker, b"titanic.request")
        other = self.broker()
        self.start("titanic", "--data", self.path("two"), env={"KEEL_BROKER": f"{self.ipc()},{other.endpoint}"})
        self.registered(other, b"titanic.request")

    def test_errors_name_the_line(self):
        for text, line in (("broker\n    endpoint = nonsense\n", 2), ("store\n    datum = 1\n", 2), ("request\n    window = 0\n", 2)):
            program = self.runs_to(CONFIG, "titanic", "-c", self.file("bad.cfg", text))
            self.assertIn(f"bad.cfg:{line}", program.err())

    def test_reload(self):
        broker = self.broker()
        text = f'store\n    data = "{self.data}"\nreply\n    ttl = %d\n'
        config = self.file("titanic.cfg", text % 0)
        titanic = self.titanic(broker, "-c", config)
        tsp, worker = self.tsp(broker), self.worker(broker, b"echo")
        uuid = tsp.request(b"echo", b"x")
        worker.answer()
        tsp.wait(uuid)
        self.file("titanic.cfg", text % 1)
        titanic.signal(signal.SIGHUP)
        titanic.says("configuration reloaded")
        keeltest.eventually(lambda: tsp.reply(uuid)[0] == 400, "the reply is over its ttl")
        self.file("titanic.cfg", "nonsense\n")
        titanic.signal(signal.SIGHUP)
        titanic.says("titanic.cfg:1")
        self.assertEqual(tsp.close(uuid), 200)


if __name__ == "__main__":
    keeltest.main()
