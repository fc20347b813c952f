"""Pairs in network namespaces, with links that are cut: nothing arrives, and nobody is told. Needs root; else it is skipped."""
import ctypes
import os
import random
import shutil
import subprocess
import time
import unittest

import keeltest
import pair
from pair import ACTIVE, PASSIVE

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise unittest.SkipTest(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Partition:
    """Hosts a and b on a bridge; the test itself is at the bridge, as clients of both are."""
    kind = None
    FAILOVER = 500

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            self.skipTest("needs root and ip(8)")
        name = f"keel{os.getpid()}"
        self.spaces = {side: f"{name}{side}" for side in "ab"}
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.addCleanup(os.close, self.home)
        if LIBC.unshare(CLONE_NEWNET) != 0:
            self.skipTest("no namespaces here")
        self.addCleanup(LIBC.setns, self.home, CLONE_NEWNET)
        for side in self.spaces.values():
            ip("netns", "add", side)
            self.addCleanup(subprocess.run, ["ip", "netns", "del", side], capture_output=True, check=False)
        ip("link", "set", "lo", "up")
        ip("link", "add", "br0", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", "br0")
        ip("link", "set", "br0", "up")
        for number, (side, space) in enumerate(self.spaces.items(), 2):
            ip("link", "add", "to" + side, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", "to" + side, "master", "br0", "up")
            ip("-n", space, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
        super().setUp()

    def part(self, parted):
        """a and b from each other only."""
        for side in "ab":
            ip("link", "set", "to" + side, "type", "bridge_slave", "isolated", "on" if parted else "off")

    def apart(self):
        """A pair over the bridge; the ports are the namespaces' own, so any will do."""
        a, b = [self.node(self.kind, side, role, f"tcp://10.77.0.{number}:5555", f"tcp://10.77.0.{number}:5556",
                          wrap=("ip", "netns", "exec", self.spaces[side]))
                for number, (side, role) in enumerate((("a", "primary"), ("b", "backup")), 2)]
        a.peer, b.peer = b.state, a.state
        for node in (a, b):
            node.start(self.FAILOVER)
        self.settles(a, ACTIVE, b, PASSIVE)
        return a, b

    def test_state_link_cut_and_clients_on_both_sides(self):
        """Both serve, each with an epoch of its own; healed, the higher one stays, soon, and none exits."""
        a, b = self.apart()
        self.part(True)
        self.settles(b, ACTIVE, ask=[a, b])
        self.stays(2, a, ACTIVE, b, ACTIVE, ask=[a, b])
        self.assertGreater(b.said[1], a.said[1])
        epoch = b.said[1]
        self.part(False)
        healed = time.monotonic()
        self.settles(a, PASSIVE, b, ACTIVE, ask=[a, b], seconds=4)
        self.assertLess(time.monotonic() - healed, 2)
        self.stays(1, a, PASSIVE, b, ACTIVE, ask=[a, b])
        self.assertEqual(b.said[1], epoch)

    def test_state_link_cut_and_clients_on_one_side(self):
        """Nobody asks the passive one: it stays so."""
        a, b = self.apart()
        self.part(True)
        self.stays(4 * self.FAILOVER / 1000, a, ACTIVE, b, PASSIVE, ask=[a])
        self.part(False)
        self.stays(1, a, ACTIVE, b, PASSIVE, ask=[a])     # they hear each other again
        self.stays(1, a, ACTIVE, b, PASSIVE, ask=[a, b])

    def test_active_one_cut_off(self):
        """From its peer and from its clients."""
        a, b = self.apart()
        ip("link", "set", "toa", "down")
        self.settles(b, ACTIVE, ask=[b])
        ip("link", "set", "toa", "up")
        self.settles(a, PASSIVE, b, ACTIVE, ask=[b])
        self.stays(1, a, PASSIVE, b, ACTIVE, ask=[a, b])

    def test_cut_again_and_again(self):
        a, b = self.apart()
        dice = random.Random(7)
        for _ in range(6):
            self.part(True)
            end = time.monotonic() + dice.uniform(0.05, 1.2)
            while time.monotonic() < end:
                self.vote(dice.choice((a, b)))
            self.part(False)
            self.until(lambda: sorted((a.said[0], b.said[0])) == [ACTIVE, PASSIVE], "one is active")
        taken = [{epoch for state, epoch, _ in node.heard if state == ACTIVE} for node in (a, b)]
        self.assertFalse(taken[0] & taken[1])


class Brokers(Partition, pair.PairCase):
    kind = "mdbroker"


class Stars(Partition, pair.PairCase):
    kind = "binarystar"


if __name__ == "__main__":
    keeltest.main()
