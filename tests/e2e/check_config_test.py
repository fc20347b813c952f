"""--check-config of every daemon: a file is judged whole, and nothing is bound, made or written meanwhile."""
import os
import re
import socket

import keeltest

USAGE, CONFIG = 64, 78
PAIR = """pair
    role = "primary"
    state-bind = "{own}"
    state-peer = "{peer}"
    state-file = "{folder}/epoch"
"""


class Case(keeltest.Case):
    def checked(self, code, program, text, *args, env=None):
        """text: of the file; braces name places of the test."""
        text = text.format(folder=self.folder, own=self.ipc(), peer=self.ipc(), front=self.ipc(), back=self.ipc())
        before = set(os.listdir(self.folder)) | {"check.cfg"}
        path = self.file("check.cfg", text)
        run = self.runs_to(code, program, "-c", path, "--check-config", *args, env=env)
        made = [name for name in set(os.listdir(self.folder)) - before if not name.endswith((".out", ".err"))]
        self.assertEqual(made, [], "what is only checked makes nothing")
        return path, run

    def good(self, program, text, *args, **options):
        path, run = self.checked(0, program, text, *args, **options)
        self.assertEqual((run.out(), run.err()), (f"{path}: good\n", ""))

    def refused(self, program, line, says, text, *args):
        path, run = self.checked(CONFIG, program, text, *args)
        place = f"{path}:{line}" if line else path
        self.assertRegex(run.err(), rf"^ERROR: {re.escape(place)}: .*{says}")
        self.assertEqual(run.out(), "")
        self.assertEqual(run.err().count("\n"), 1)


class Files(Case):
    def test_good_ones(self):
        for program in ("spqueue", "ppqueue"):
            self.good(program, 'frontend\n    endpoint = "{front}"\nbackend\n    endpoint = "{back}"\n')
        self.good("mdbroker", 'listen\n    endpoint = "{front}"\n' + PAIR)
        self.good("binarystar", 'frontend\n    endpoint = "{front}"\nbackend\n    endpoint = "{back}"\n' + PAIR)
        self.good("titanic", 'broker\n    endpoint = "{front}"\nadmin\n    endpoint = "{back}"\nstore\n    data = "{folder}/data"\n')

    def test_an_empty_one(self):
        for program in ("mdbroker", "spqueue", "ppqueue", "titanic"):
            self.good(program, "")
        self.refused("binarystar", None, "there is no server", "")

    def test_values_and_keys(self):
        for program in ("mdbroker", "spqueue", "ppqueue", "titanic", "binarystar"):
            self.refused(program, 2, "unknown key 'loop/spun'; known in this section: spin", "loop\n    spun = 1\n")
            self.refused(program, 3, "loop/spin '-1': must be a number from 0 to 1000000", "#\nloop\n    spin = -1\n")

    def test_it_need_not_be_bound(self):
        """Somebody else has the port: that is no fault of the file."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            self.good("mdbroker", f'listen\n    endpoint = "tcp://127.0.0.1:{other.getsockname()[1]}"\n')

    def test_no_such_file(self):
        said = self.runs_to(CONFIG, "mdbroker", "--check-config", "-c", self.path("none.cfg")).err()
        self.assertIn(f"{self.path('none.cfg')}: cannot be read", said)


class Together(Case):
    """What is good by itself, and not with the rest."""

    def test_half_a_pair(self):
        for missing in ("role", "state-bind", "state-peer", "state-file"):
            text = "".join(line for line in PAIR.splitlines(True) if missing not in line)
            self.refused("mdbroker", 2, "one of a pair needs --", text)
            self.refused("binarystar", 4, f"one of a pair needs .*--{'primary' if missing == 'role' else missing}",
                         'backend\n    endpoint = "{back}"\n' + text)

    def test_a_peer_that_is_ourselves(self):
        self.refused("mdbroker", 4, "tcp://localhost:5999 .pair.state-peer. is our own endpoint .pair.state-bind.",
                     PAIR.replace("{own}", "tcp://*:5999").replace("{peer}", "tcp://localhost:5999"))
        self.refused("binarystar", 4, "backend.endpoint. is our own endpoint .frontend.", 'frontend\n    endpoint = "{front}"\nbackend\n    endpoint = "{front}"\n' + PAIR)
        self.refused("titanic", 4, "is our own endpoint", 'broker\n    endpoint = "{front}"\nadmin\n    endpoint = "{front}"\n')

    def test_one_endpoint_twice(self):
        twice = 'listen\n    endpoint = "{front}"\nlisten\n    endpoint = "{front}"\n    admin = 1\n'
        self.refused("mdbroker", 4, "cannot both be listened to", twice)
        self.refused("mdbroker", 4, "cannot both be listened to", 'listen\n    endpoint = "tcp://[::]:5999"\nlisten\n    endpoint = "tcp://127.0.0.1:5999"\n')
        for program in ("spqueue", "ppqueue"):
            self.refused(program, 4, ".frontend. and .* .backend. cannot", 'frontend\n    endpoint = "{front}"\nbackend\n    endpoint = "{front}"\n')

    def test_two_frontends_of_binarystar(self):
        self.refused("binarystar", 4, "one --frontend only", 'frontend\n    endpoint = "{front}"\nfrontend\n    endpoint = "{own}"\nbackend\n    endpoint = "{back}"\n')

    def test_with_the_command_line(self):
        """Options override the file, and what they make of it is judged."""
        self.good("mdbroker", 'listen\n    endpoint = "{front}"\nlisten\n    endpoint = "{front}"\n', "-b", "tcp://*:*", "-b", "tcp://*:*")
        self.refused("mdbroker", None, "one of a pair needs --state-bind", "", "--primary")


class NoFile(Case):
    def test_defaults_and_options(self):
        for program in ("mdbroker", "spqueue", "ppqueue", "titanic"):
            self.assertEqual(self.runs_to(0, program, "--check-config").out(), f"{program}: good\n")
        self.runs_to(USAGE, "mdbroker", "--check-config", "--liveness", "0")
        self.runs_to(USAGE, "mdbroker", "--check-config", "-b", "ipc://x", "--admin", "ipc://x")
        said = self.runs_to(USAGE, "ppqueue", "--check-config", "-b", "ipc://x", "-f", "ipc://x").err()
        self.assertIn("ipc://x (--frontend) and ipc://x (--backend) cannot both be listened to", said)
        self.runs_to(USAGE, "binarystar", "--check-config")
        self.runs_to(0, "titanic", "--check-config", env={"KEEL_BROKER": "tcp://127.0.0.1:1,tcp://127.0.0.1:2"})
        self.runs_to(USAGE, "titanic", "--check-config", env={"KEEL_BROKER": "nonsense"})

    def test_a_store_and_a_state_file_that_are_in_use_or_damaged(self):
        """They are not looked at."""
        self.file("epoch", "rubbish")
        os.mkdir(self.path("data"))
        self.file("data/data.mdb", "rubbish")
        self.runs_to(0, "titanic", "--check-config", "--data", self.path("data"))
        self.runs_to(0, "mdbroker", "--check-config", "--primary", "--state-bind", self.ipc(), "--state-peer", self.ipc(),
                     "--state-file", self.path("epoch"))
        with open(self.path("epoch"), encoding="ascii") as state:
            self.assertEqual(state.read(), "rubbish")
        self.assertEqual(os.listdir(self.path("data")), ["data.mdb"])


if __name__ == "__main__":
    keeltest.main()
