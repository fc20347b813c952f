"""ticlient against a broker and a Titanic that the test plays itself: what it asks, prints and exits with."""
import json
import os

import keeltest
from fake_titanic import Admin, Titanic

UUID = "0190A6E01B2C7D3E8F400123456789AB"
SUBMIT, REQUEST, REPLY, CLOSE = b"titanic.submit", b"titanic.request", b"titanic.reply", b"titanic.close"


class Ticlient(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.titanic = Titanic(self.context, self.ipc())

    def ticlient(self, *words, **options):
        return self.start("ticlient", "--broker", self.titanic.endpoint, *words, **options)

    def ends(self, program, code, out=""):
        """Its stderr."""
        self.assertEqual((program.exits(), program.out()), (code, out), program.err())
        return program.err()

    def uses(self, code, *words, env=None):
        """A bad command line: nothing is asked."""
        program = self.ticlient(*words, env=env)
        said = self.ends(program, code)
        self.assertTrue(said)
        self.assertTrue(self.titanic.silent(0))
        return said


class Requests(Ticlient):
    def test_submit_prints_the_uuid(self):
        program = self.ticlient("submit", "echo", "two", "frames")
        question = self.titanic.take(SUBMIT)
        uuid = question.body[0].decode()
        self.assertRegex(uuid, "^[0-9A-F]{12}7[0-9A-F]{19}$")
        self.assertEqual(question.body[1:], [b"echo", b"two", b"frames"])
        self.titanic.answer(question, b"200", question.body[0])
        self.assertEqual(self.ends(program, 0, uuid + "\n"), "")

    def test_submit_without_a_frame_sends_an_empty_one(self):
        program = self.ticlient("submit", "echo", "--", "-x")
        self.assertEqual(self.titanic.take().body[1:], [b"echo", b"-x"])
        program.kill()
        program = self.ticlient("submit", "echo")
        question = self.titanic.take(SUBMIT)
        self.assertEqual(question.body[1:], [b"echo", b""])
        self.titanic.answer(question, b"200", question.body[0])
        self.ends(program, 0, question.body[0].decode() + "\n")

    def test_submit_is_sent_again_under_its_uuid(self):
        program = self.ticlient("-t", 100, "-r", 50, "--uuid", UUID.lower(), "submit", "echo", "x")
        self.titanic.take(SUBMIT)
        self.titanic.notice(self.titanic.take(SUBMIT), b"404")
        question = self.titanic.take(SUBMIT)
        self.assertEqual(question.body, [UUID.lower().encode(), b"echo", b"x"])
        self.titanic.answer(question, b"200", UUID.encode())
        self.ends(program, 0, UUID.lower() + "\n")

    def test_submit_that_fails_says_how_to_go_on(self):
        program = self.ticlient("submit", "echo", "x")
        question = self.titanic.take(SUBMIT)
        self.titanic.answer(question, b"500 the disk is full")
        said = self.ends(program, 1)
        self.assertIn("500 the disk is full", said)
        self.assertIn(f"--uuid {question.body[0].decode()}", said)

    def test_fetch(self):
        for answer, code, out, words in [([b"200", b"one", b"", b"three"], 0, "one\n\nthree\n", "^$"),
                                         ([b"300"], 3, "", "no reply yet"), ([b"400"], 4, "", "no such request"),
                                         ([b"500 failed 3 times"], 5, "", "failed 3 times"), ([b"200"], 1, "", "not one of Titanic"),
                                         ([b"hello"], 1, "", "not one of Titanic")]:
            with self.subTest(answer):
                program = self.ticlient("fetch", UUID.lower())
                question = self.titanic.take(REPLY)
                self.assertEqual(question.body, [UUID.lower().encode()])
                self.titanic.answer(question, *answer)
                self.assertRegex(self.ends(program, code, out), words)

    def test_fetch_waits(self):
        for words in ["fetch", "--wait", 10000, UUID], ["-w", 10000, "fetch", UUID]:
            program = self.ticlient(*words)
            for _ in range(3):
                self.titanic.answer(self.titanic.take(REPLY), b"300")
            self.titanic.answer(self.titanic.take(REPLY), b"200", b"late")
            self.ends(program, 0, "late\n")
        asked, program = 0, self.ticlient("--wait", 500, "fetch", UUID)
        while program.running():
            if not self.titanic.silent(10):
                self.titanic.answer(self.titanic.take(REPLY), b"300")
                asked += 1
        self.ends(program, 3)
        self.assertTrue(2 <= asked <= 50, asked)

    def test_close(self):
        program = self.ticlient("-t", 100, "-r", 50, "close", UUID)
        self.titanic.take(CLOSE)
        question = self.titanic.take(CLOSE)
        self.assertEqual(question.body, [UUID.encode()])
        self.titanic.answer(question, b"200")
        self.assertEqual(self.ends(program, 0), "")
        program = self.ticlient("close", UUID)
        self.titanic.answer(self.titanic.take(CLOSE), b"500 cannot write")
        self.assertIn("500 cannot write", self.ends(program, 1))

    def test_call_does_all_three(self):
        program = self.ticlient("call", "echo", "x")
        question = self.titanic.take(SUBMIT)
        uuid = question.body[0]
        self.titanic.answer(question, b"200", uuid)
        for answer in [b"300"], [b"200", b"y"]:
            question = self.titanic.take(REPLY)
            self.assertEqual(question.body, [uuid])
            self.titanic.answer(question, *answer)
        question = self.titanic.take(CLOSE)
        self.assertEqual(question.body, [uuid])
        self.titanic.answer(question, b"200")
        self.assertEqual(self.ends(program, 0, "y\n"), "")

    def test_call_without_a_reply_names_the_uuid_and_closes_nothing(self):
        for answer, code in ([b"300"], 3), ([b"500 dead"], 5), ([b"400"], 4):
            program = self.ticlient("--wait", 0, "call", "echo", "x")
            question = self.titanic.take(SUBMIT)
            self.titanic.answer(question, b"200", question.body[0])
            self.titanic.answer(self.titanic.take(REPLY), *answer)
            self.assertIn(f"its uuid is {question.body[0].decode()}", self.ends(program, code))
        self.assertTrue(self.titanic.silent(0))

    def test_an_answer_that_cannot_be_written_is_kept(self):
        with open("/dev/full", "wb") as full:
            found = keeltest.shutil.which("ticlient", path=os.environ["KEEL_PATH"])
            program = keeltest.subprocess.Popen([found, "-b", self.titanic.endpoint, "call", "echo", "x"], stdout=full,
                                                stderr=keeltest.subprocess.PIPE)
            question = self.titanic.take(SUBMIT)
            self.titanic.answer(question, b"200", question.body[0])
            self.titanic.answer(self.titanic.take(REPLY), b"200", b"y")
            _, err = program.communicate(timeout=keeltest.DEADLINE)
        self.assertEqual(program.returncode, 1, err)
        self.assertIn(b"cannot write", err)
        self.assertIn(question.body[0], err)
        self.assertTrue(self.titanic.silent(0))

    def test_reads_a_frame_from_stdin(self):
        found = keeltest.shutil.which("ticlient", path=os.environ["KEEL_PATH"])
        program = keeltest.subprocess.Popen([found, "-b", self.titanic.endpoint, "submit", "echo", "a", "-"],
                                            stdin=keeltest.subprocess.PIPE, stdout=keeltest.subprocess.PIPE)
        data = bytes(range(256)) * 100
        program.stdin.write(data)
        program.stdin.close()
        question = self.titanic.take(SUBMIT)
        self.assertEqual(question.body[1:], [b"echo", b"a", data])
        self.titanic.answer(question, b"200", question.body[0])
        self.assertEqual(program.stdout.read(), question.body[0] + b"\n")
        program.stdout.close()
        self.assertEqual(program.wait(keeltest.DEADLINE), 0)

    def test_a_titanic_of_rfc_9(self):
        program = self.ticlient("--rfc", "--stock", "submit", "echo", "x")
        question = self.titanic.take(REQUEST)
        self.assertEqual(question.head[1:], [b"", b"MDPC01"])
        self.assertEqual(question.body, [b"echo", b"x"])
        self.titanic.answer(question, b"200", UUID.lower().encode())
        self.ends(program, 0, UUID.lower() + "\n")

    def test_nobody_there(self):
        program = self.start("ticlient", "-t", 100, "-r", 0, "-b", self.ipc(), "fetch", UUID)
        self.assertRegex(self.ends(program, 1), "nothing was heard from a broker at ipc.*is one running there")
        program = self.ticlient("-r", 0, "fetch", UUID)
        self.titanic.notice(self.titanic.take(REPLY), b"404")
        self.assertRegex(self.ends(program, 1), "404.*is titanic running")

    def test_brokers_come_from_the_environment(self):
        program = self.start("ticlient", "-t", 200, "close", UUID,
                             env={"KEEL_BROKER": f"{self.ipc()},{self.titanic.endpoint}"})
        self.titanic.answer(self.titanic.take(CLOSE), b"200")
        self.ends(program, 0)


class Usage(Ticlient):
    def test_bad_command_lines(self):
        bad_uuids = ["", "ABC", "../../../../etc/passwd", UUID + "0", "G" + UUID[1:], " " + UUID[1:]]
        for words in [[], ["frob"], ["submit"], ["call"], ["fetch"], ["close"], ["fetch", UUID, UUID], ["submit", "a b", "x"],
                      ["submit", "", "x"], ["submit", "mmi.service", "x"], ["call", "titanic.request", "x"],
                      ["submit", "echo", "-", "-"], ["--uuid", "ABC", "submit", "echo"], ["--wait", "soon", "fetch", UUID],
                      ["-t", "0", "fetch", UUID], ["--no-such", "fetch", UUID], ["--broker", "nonsense", "fetch", UUID],
                      ["--broker", "inproc://x", "fetch", UUID], ["--uuid", UUID, "--rfc", "submit", "echo"],
                      *[["fetch", uuid] for uuid in bad_uuids], *[["close", uuid] for uuid in bad_uuids]]:
            with self.subTest(words):
                self.uses(64, *words)

    def test_bad_admin_command_lines(self):
        at = ["--titanic", "ipc:///nonexistent/titanic"]
        for words in [["admin"], ["admin", "frob"], ["admin", "list", "x"], ["admin", "show"], ["admin", "show", "ABC"],
                      ["admin", "show", UUID, UUID], ["admin", "requeue"], ["admin", "purge"], ["admin", "backup"],
                      ["admin", "backup", "relative"], ["admin", "stats", "x"], ["--service", "x", "admin", "stats"],
                      ["--service", "x", "admin", "show", UUID], ["--service", "x", "admin", "purge", UUID],
                      ["--service", "a b", "admin", "list"], ["--state", "odd", "admin", "list"],
                      ["--state", "dead", "--service", "x", "admin", "requeue"], ["--limit", "0", "admin", "list"],
                      ["--limit", "1001", "admin", "list"], ["--age", "x", "admin", "list"]]:
            with self.subTest(words):
                self.uses(64, *at, *words)
        self.assertIn("--titanic", self.uses(64, "admin", "list"))
        self.uses(64, "--titanic", "nonsense", "admin", "list")


class Operator(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.admin = Admin(self.context, self.ipc())

    def ask(self, words, question, *answer, code=0):
        """What ticlient admin prints, or says when it is to fail, once it has asked this and got that."""
        program = self.start("ticlient", "--titanic", self.admin.endpoint, "-t", 2000, *words)
        self.admin_says(question, *answer)
        self.assertEqual(program.exits(), code, program.err())
        out, err = program.out(), program.err()
        self.assertEqual(err if code == 0 else out, "")
        self.assertNotRegex(out + err, r"[^ -~\n]")
        if "--json" not in words and code == 0:
            self.assertLessEqual(max(map(len, out.splitlines()), default=0), 80, out)
        return out if code == 0 else err

    def admin_says(self, question, *answer):
        frames, head = self.admin.take()
        self.assertEqual(frames, question)
        self.admin.answer(head, *answer)

    def test_list(self):
        requests = [{"uuid": UUID, "service": "resize" * 10, "state": "dead", "created": 1700000000000, "age": 3723000,
                     "attempts": 3, "frames": 2, "bytes": 123456}]
        text = json.dumps({"requests": requests, "more": True}).encode()
        out = self.ask(["admin", "list"], [b"list", b"", b"", b"0", b"100"], b"200", text)
        self.assertRegex(out, rf"^UUID +SERVICE +STATE +AGE +TRIES +BYTES\n{UUID}  resize\w+~  dead +1h02m +3 +120.6K\nand more")
        out = self.ask(["admin", "list", "--service", "s", "--state", "pending", "--age", 5000, "--limit", 7, "--json"],
                       [b"list", b"s", b"pending", b"5000", b"7"], b"200", text)
        self.assertEqual(out, text.decode() + "\n")
        self.ask(["admin", "list"], [b"list", b"", b"", b"0", b"100"], b"200", b'{"requests":[],"more":false}')

    def test_show(self):
        text = json.dumps({"uuid": UUID, "service": "echo", "state": "dead", "created": 1700000000000, "age": 500, "attempts": 3,
                           "frames": 2, "bytes": 10, "running": False, "reason": "502 lost\x1b[2J"}).encode()
        lines = dict(line.split(maxsplit=1) for line in self.ask(["admin", "show", UUID], [b"show", UUID.encode()],
                                                                 b"200", text).splitlines())
        self.assertEqual(lines, {"uuid": UUID, "service": "echo", "state": "dead", "running": "no", "reason": "502 lost?[2J",
                                 "created": "2023-11-14 22:13:20 UTC", "age": "0.5s", "attempts": "3", "frames": "2", "bytes": "10"})
        said = self.ask(["admin", "show", UUID], [b"show", UUID.encode()], b"404", b"no such request", code=4)
        self.assertIn("404, no such request", said)

    def test_requeue_and_purge_one(self):
        for command, key in ("requeue", "requeued"), ("purge", "purged"):
            question, text = [command.encode(), UUID.encode()], b'{"%s": 1}' % key.encode()
            self.assertRegex(self.ask(["admin", command, UUID], question, b"200", text), rf"^{key} +1\n$")
            self.assertEqual(self.ask(["--json", "admin", command, UUID], question, b"200", text), text.decode() + "\n")

    def test_requeue_and_purge_all_of_a_service(self):
        """As often as there are more."""
        for words, question, key in (["requeue"], [b"requeue", b"service", b"s"], "requeued"), \
                (["purge"], [b"purge", b"service", b"s"], "purged"), \
                (["purge", "--state", "done"], [b"purge", b"service", b"s", b"done"], "purged"):
            for as_json in [], ["--json"]:
                program = self.start("ticlient", "--titanic", self.admin.endpoint, "-s", "s", *as_json, "admin", *words)
                self.admin_says(question, b"200", json.dumps({key: 1000, "more": True}).encode())
                self.admin_says(question, b"200", json.dumps({key: 17, "more": False}).encode())
                self.assertEqual(program.exits(), 0, program.err())
                if as_json:
                    self.assertEqual(json.loads(program.out()), {key: 1017})
                else:
                    self.assertRegex(program.out(), rf"^{key} +1017\n$")

    def test_stats(self):
        out = self.ask(["admin", "stats"], [b"stats"], b"200", b'{"pending":3,"malformed":{"uuid":2}}')
        self.assertEqual(dict(line.split() for line in out.splitlines()), {"pending": "3", "malformed.uuid": "2"})

    def test_backup_waits_as_long_as_it_takes(self):
        program = self.start("ticlient", "--titanic", self.admin.endpoint, "-t", 200, "-r", 0, "admin", "backup", "/var/copy")
        self.admin_says([b"stats"], b"200", b"{}")
        frames, head = self.admin.take()
        self.assertEqual(frames, [b"backup", b"/var/copy"])
        self.assertFalse(self.admin.socket.poll(400))
        self.admin.answer(head, b"200", b'{"path": "/var/copy"}')
        self.assertEqual((program.exits(), program.out().split()), (0, ["path", "/var/copy"]), program.err())

    def test_what_is_no_answer(self):
        for answer in [b"200"], [b"200", b"[]"], [b"200", b"{"], [b""], [b"20"], [b"200", b'{"a":"\x9b"}']:
            with self.subTest(answer):
                self.assertIn("none of a titanic", self.ask(["admin", "stats"], [b"stats"], *answer, code=1))
        self.assertIn("500, cannot [2J", self.ask(["admin", "stats"], [b"stats"], b"500", b"cannot\x1b[2J", code=1))
        self.assertIn("400, without a reason", self.ask(["admin", "stats"], [b"stats"], b"400", code=1))

    def test_unexpected_json(self):
        evil, huge = '"\\u001b]0;x\\u0007\\u009b"', "9223372036854775807"
        for text in ['{}', '{"requests":7}', f'{{"requests":[{evil},[],{{"uuid":{evil},"age":{huge},"bytes":{huge}}}],"more":7}}',
                     f'{{"uuid":[],"reason":{evil},"created":{huge},"age":-1,"bytes":{huge}}}', f'{{{evil}:{evil}}}']:
            for words, question in (["list"], [b"list", b"", b"", b"0", b"100"]), (["show", UUID], [b"show", UUID.encode()]), \
                    (["purge", UUID], [b"purge", UUID.encode()]), (["stats"], [b"stats"]):
                with self.subTest(text=text, words=words):
                    self.ask(["admin", *words], question, b"200", text.encode())

    def test_nobody_there(self):
        program = self.start("ticlient", "--titanic", self.ipc(), "-t", 50, "-r", 1, "admin", "backup", "/x")
        self.assertEqual(program.exits(), 1)
        self.assertRegex(program.err(), "no answer from a titanic at ipc.*--admin")

    def test_the_endpoint_comes_from_the_environment(self):
        program = self.start("ticlient", "admin", "stats", env={"KEEL_TITANIC": self.admin.endpoint})
        self.admin_says([b"stats"], b"200", b"{}")
        self.assertEqual(program.exits(), 0, program.err())


if __name__ == "__main__":
    keeltest.main()
