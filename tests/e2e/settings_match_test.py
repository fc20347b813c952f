"""The checker finds what it is there to find."""
import unittest

from settings_match import differences

TABLE = [
    {"key": "listen/endpoint", "option": "bind", "unit": "endpoint", "default": "tcp://127.0.0.1:5555",
     "reload": False},
    {"key": "request/ttl", "option": "request-ttl", "unit": "msec", "default": "60000", "minimum": 1, "maximum": 1000,
     "reload": True},
    {"key": "limits/queued-bytes", "option": "limit-queued-bytes", "unit": "bytes", "default": "1G", "minimum": 1024,
     "maximum": 1 << 50, "reload": True},
    {"key": "pair/role", "option": "primary, --backup", "unit": "word", "reload": False},
]
PAGE = """*listen*

*listen/endpoint*
	Unit: endpoint. Default: tcp://127.0.0.1:5555. Reload: no. Option: *--bind*.

	Where to listen.

*request/ttl*
	Unit: msec. Default: 60000. Range: 1 to 1000. Reload: yes. Option: *--request-ttl*.

*limits/queued-bytes*
	Unit: bytes. Default: 1024M. Range: 1K to 1048576G. Reload: yes. Option: *--limit-queued-bytes*.

*pair/role*
	Unit: word. Default: none. Reload: no. Option: *--primary*, *--backup*.
"""
EXAMPLE = """#   All of it.
listen
    endpoint = "tcp://127.0.0.1:5555"   # endpoint, restart
request
    #   How long = msec.
    ttl = 60000                         # msec, 1 to 1000, reload
limits
    queued-bytes = 1G                   # bytes, 1K to 1048576G, reload
#pair
#    role = "primary"                   # word, no default, restart
"""


class Checker(unittest.TestCase):
    def differ_page(self, old, new, *expected):
        """expected: how each difference begins."""
        self.assertIn(old, PAGE)
        said = list(differences(TABLE, PAGE.replace(old, new), EXAMPLE))
        self.assertEqual(len(said), len(expected), said)
        for line, start in zip(said, expected):
            self.assertTrue(line.startswith(start), line)

    def differ_example(self, old, new, *expected):
        self.assertIn(old, EXAMPLE)
        said = list(differences(TABLE, PAGE, EXAMPLE.replace(old, new)))
        self.assertEqual(len(said), len(expected), said)
        for line, start in zip(said, expected):
            self.assertTrue(line.startswith(start), line)

    def test_same(self):
        self.assertEqual(list(differences(TABLE, PAGE, EXAMPLE)), [])

    def test_keys_of_page(self):
        self.differ_page("*request/ttl*\n", "*request/tll*\n", "request/tll is in the page but not",
                         "request/ttl is in the table but not")

    def test_facts_of_page(self):
        for old, new in [("Unit: msec", "Unit: sec"), ("60000", "6000"), ("1 to 1000", "1 to 100"),
                         (" Range: 1 to 1000.", ""), ("*--request-ttl*", "*--ttl*"),
                         ("1000. Reload: yes", "1000. Reload: no"), ("\tUnit: msec", "\tIt is msec")]:
            with self.subTest(new):
                self.differ_page(old, new, "request/ttl: the table has")

    def test_keys_of_example(self):
        ttl, role = "    ttl = 60000 ", "#    role = "
        self.differ_example(ttl, "#   ttl = 60000 ", "request/ttl is in the table but not in the example")
        self.differ_example(ttl, "#    ttl = 60000 ", "request/ttl has a default, but is commented out")
        self.differ_example(ttl, f"    queued = 5 # msec, reload\n{ttl}", "request/queued is in the example but not in the table")
        self.differ_example(ttl, f"    ttl = 60000 # x\n{ttl}", "request/ttl is in the example more than once")
        self.differ_example(role, "#    rule = ", "pair/role is in the table but not in", "pair/rule is in the example but not in")
        self.differ_example(role, "    role = ")

    def test_facts_of_example(self):
        self.differ_example("ttl = 60000 ", "ttl = 6000 ", "request/ttl: its default is 60000, the example has 6000")
        for old, new in [("# msec", "# sec"), (", reload\nlimits", ", restart\nlimits"), (", reload\nlimits", "\nlimits"), ("1 to 1000,", "1 to 100,"),
                         (" 1 to 1000,", ""), ("# msec, 1 to 1000, reload", "")]:
            with self.subTest(new):
                self.differ_example(old, new, "request/ttl: the table has")
        self.differ_example(" no default,", "", "pair/role: the table has")
        self.differ_example(", restart\nrequest", ", no default, restart\nrequest", "listen/endpoint: the table has")


if __name__ == "__main__":
    unittest.main()
