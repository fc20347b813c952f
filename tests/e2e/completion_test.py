"""What bash completes of the programs' command lines, as readline asks for it, next to what --help says."""
import os
import re
import shutil
import subprocess
import unittest

import keeltest
from man_matches_help import options_of_help

COMPLETION = os.environ["KEEL_COMPLETION"]
PATH = os.environ["KEEL_PATH"]
PROGRAMS = sorted(name for folder in set(PATH.split(":")) for name in os.listdir(folder)
                  if os.access(f"{folder}/{name}", os.X_OK) and os.path.isfile(f"{folder}/{name}"))

#   Splits the line as readline does, and prints what replaces the last of its words, one a line.
ASK = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
set -- $(complete -p "${COMP_LINE%% *}")
while [[ $1 != -F ]]; do shift; done
"$2" "${COMP_LINE%% *}" "" ""
(( ${#COMPREPLY[@]} )) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
"""


class Case(keeltest.Case):
    def complete(self, line):
        """The sorted replies; bash must say nothing else."""
        run = subprocess.run(["bash", "--norc", "--noprofile", "-c", ASK, "ask", COMPLETION, line], cwd=self.folder, text=True, timeout=60,
                             capture_output=True, env={**os.environ, "PATH": f"{PATH}:{os.environ['PATH']}"}, check=True)
        self.assertEqual(run.stderr, "", line)
        return sorted(run.stdout.splitlines())

    def help(self, program):
        return subprocess.run([shutil.which(program, path=PATH), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout


class Options(Case):
    def test_all_programs_have_it(self):
        with open(COMPLETION, encoding="utf-8") as text:
            named = re.search(r"^complete -F _keel ((?:.*\\\n)*.*)$", text.read(), re.M).group(1).replace("\\\n", " ").split()
        self.assertEqual(sorted(named), PROGRAMS)

    def test_each_option_of_help(self):
        for program in PROGRAMS:
            headings = [option.heading for option in options_of_help(self.help(program)).values()]
            self.assertGreater(len(headings), 3)
            words = sorted(word for heading in headings for word in re.findall(r"(?<!\S)--?[\w-]+", heading))
            self.assertEqual(self.complete(f"{program} -"), words)
            self.assertEqual(self.complete(f"{program} --ver"), ["--verbose", "--version"])

    def test_values_by_kind(self):
        """Files, directories, endpoints and commands; of numbers and names nothing is known."""
        self.file("a.cfg", "")
        os.mkdir(self.path("d"))
        wanted = {"FILE": ["a.cfg", "d"], "DIR": ["d"], "EP": ["ipc://", "tcp://"], "N": [], "MS": [], "BYTES": [], "US": []}
        seen = set()
        for program in PROGRAMS:
            for name, option in options_of_help(self.help(program)).items():
                kind = option.heading.partition(name)[2].strip()
                if kind not in wanted:
                    continue
                seen.add(kind)
                for word in {name, option.heading.split(",")[0].split()[0]}:
                    self.assertEqual(self.complete(f"{program} -v {word} "), wanted[kind], f"{program} {word}")
                self.assertEqual(self.complete(f"{program} {name}="), wanted[kind], f"{program} {name}=")
        self.assertEqual(seen, set(wanted))

    def test_behind_what_has_no_value(self):
        self.assertEqual(self.complete("mdbroker --check-config --bin"), ["--bind"])
        self.assertEqual(self.complete("mdbroker --primary "), [])
        self.assertIn("--config", self.complete("mdbroker -c a.cfg -"))


class Values(Case):
    def test_endpoints(self):
        """Bash replaces what stands behind the last colon only."""
        os.mkdir(self.path("run"))
        self.file("run/one", "")
        self.assertEqual(self.complete("mdclient -b t"), ["tcp://"])
        self.assertEqual(self.complete("mdclient -b ipc:"), ["//"])
        self.assertEqual(self.complete(f"mdclient --broker ipc://{self.folder}/r"), [f"//{self.folder}/run"])
        self.assertEqual(self.complete(f"mdclient --broker=ipc://{self.folder}/run/"), [f"//{self.folder}/run/one"])
        self.assertEqual(self.complete("mdclient -b tcp://"), ["//"])

    def test_names_with_spaces_and_stars(self):
        self.file("a b.cfg", "")
        self.file("*.cfg", "")
        self.assertEqual(self.complete("titanic -c "), ["*.cfg", "a b.cfg"])

    def test_commands(self):
        self.assertIn("cat", self.complete("mdworker echo -- ca"))
        self.assertIn("cat", self.complete("binarystar --on-active ca"))
        self.file("input", "")
        self.assertEqual(self.complete("lpserver -- cat -n in"), ["input"])
        self.assertEqual(self.complete("mdworker ec"), [])


class Subcommands(Case):
    def commands(self, program):
        """Of the section of --help, in words."""
        section = self.help(program).partition("\nCommands:\n")[2]
        return [match.group(1).split() for match in re.finditer(r"(?m)^  ([a-z]+(?: [a-z]+)?)(?= [A-Z]|  )", section)]

    def test_each_of_help(self):
        for program in ("mdctl", "ticlient"):
            commands = self.commands(program)
            self.assertGreater(len(commands), 5)
            self.assertEqual(self.complete(f"{program} "), sorted({words[0] for words in commands}))
            self.assertEqual(self.complete(f"{program} -b tcp://x:1 "), sorted({words[0] for words in commands}))
        self.assertEqual(self.complete("ticlient admin "), sorted(words[1] for words in self.commands("ticlient") if words[0] == "admin"))

    def test_what_follows_them(self):
        self.assertEqual(self.complete("mdctl st"), ["stats", "status"])
        self.assertEqual(self.complete("mdctl status "), [])
        self.assertEqual(self.complete("mdctl drain s"), [])
        self.assertEqual(self.complete("ticlient admin re"), ["requeue"])
        self.assertEqual(self.complete("ticlient --titanic ipc://x admin --json s"), ["show", "stats"])
        os.mkdir(self.path("backups"))
        self.assertEqual(self.complete("ticlient admin backup b"), ["backups"])
        self.assertEqual(self.complete("ticlient admin backup --js"), ["--json"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
