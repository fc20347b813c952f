"""The checker finds what it is there to find."""
import unittest

from man_matches_help import differences

HELP = """Usage: sample [OPTION]...
Serves as a sample.

  -b, --bind EP             listen there; repeat
                            for more (default tcp://127.0.0.1:5555)
      --broker EP           a broker (default $KEEL_BROKER, else ipc://b)
      --a-very-long-option-name FILE
                            the file
      --primary             be the primary
  -h, --help                print this and exit

Exit codes: some, for --other options.
"""

PAGE = """sample(8)

# OPTIONS

*-b*, *--bind* _EP_
	Listen there. The default is
	tcp://127.0.0.1:5555.

*--broker* _EP_
	A broker. By default those in *$KEEL_BROKER*, or _ipc://b_.

*--a-very-long-option-name* _FILE_
	The file.

*--primary*
	Be the primary, not *--backup*.

*-h*, *--help*
	Print this and exit.
"""


class Checker(unittest.TestCase):
    def differ(self, old, new, *expected):
        self.assertIn(old, PAGE)
        self.assertEqual(list(differences(HELP, PAGE.replace(old, new))), list(expected))

    def test_same(self):
        self.differ("sample", "sample")

    def test_missing_in_page(self):
        self.differ("*--primary*\n", "*Primary*\n", "--primary is in --help but not in the page")

    def test_missing_in_help(self):
        self.differ("*--primary*\n", "*--primary*\n\n*--old* _N_\n", "--old is in the page but not in --help")

    def test_letter(self):
        self.differ("*-b*, ", "", "--bind: --help has '-b, --bind EP', the page '--bind EP'")

    def test_argument(self):
        self.differ("_FILE_", "_PATH_", "--a-very-long-option-name: --help has '--a-very-long-option-name FILE', "
                    "the page '--a-very-long-option-name PATH'")

    def test_default(self):
        self.differ("5555", "5556", "--bind: the page does not name its default, tcp://127.0.0.1:5555")

    def test_environment(self):
        self.differ("$KEEL_BROKER", "$BROKER", "--broker: the page does not name its default, $KEELBROKER")

    def test_no_options(self):
        self.assertEqual(list(differences("", "")), ["--help lists no options"])


if __name__ == "__main__":
    unittest.main()
