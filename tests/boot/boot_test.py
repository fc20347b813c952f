#!/usr/bin/python3
"""The packages, installed by apt in a bare Debian that is then booted: what an operator sees of Keel's services under systemd.

    boot_test.py CPACK BUILD-DIR CACHE-DIR [-v] [Class.test...]

One machine for all, in the order of the tests' names: the last ones remove what the others use.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

from machine import Machine, eventually, missing

cpack, build, cache = sys.argv[1:4]
PACKAGES = "/srv/packages"
ADMIN = "ipc:///run/keel/mdbroker.admin"
CONFIG = "/etc/keel/mdbroker.cfg"
ON = {"mdbroker.service", "titanic.service"}
OFF = {"mdbroker.socket", "spqueue.service", "ppqueue.service", "binarystar.service"}
RESTARTS = 20
CONNECTOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "connector.py")

machine = Machine(cache)


def setUpModule():
    machine.bootstrap()
    unittest.addModuleCleanup(machine.remove)
    folder = f"{cache}/packages"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([cpack, "--config", f"{build}/CPackConfig.cmake", "-B", folder], check=True, stdout=subprocess.DEVNULL, cwd=build)
    machine.folders = [(os.path.abspath(folder), PACKAGES)]


def debs(*names):
    found = {os.path.basename(path).split("_")[0]: os.path.basename(path) for path in glob.glob(f"{cache}/packages/*.deb")}
    return [f"{PACKAGES}/{found[name]}" for name in names or found]


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class Installed(unittest.TestCase):
    """In a root where no systemd runs: a chroot, an image that is being made."""

    def test_1_apt_installs_them_with_what_they_need(self):
        machine.apt_install(*debs("libkeel0", "keel-brokers", "keel-tools"))
        self.assertIn("keel:", machine.read("/etc/passwd"))
        wanted = os.listdir(f"{machine.root}/etc/systemd/system/multi-user.target.wants")
        self.assertEqual(set(wanted) & (ON | OFF), ON)
        for program in ("mdbroker", "titanic", "mdclient", "mdworker", "mdctl"):
            self.assertIn(program, machine.chroot(program, "--version"))

    def test_2_a_program_is_built_against_the_library(self):
        machine.apt_install(*debs("libkeel-dev"), "gcc", "libc6-dev", "make", "cmake", "pkg-config")
        examples = "/usr/share/doc/libkeel-dev/examples"
        machine.chroot("sh", "-ec", f"""
            mkdir /opt/by-pkg-config /opt/by-cmake
            for example in clients/c/hello clients/c/squares workers/c/echo; do
                cc -o /opt/by-pkg-config/${{example##*/}} {examples}/$example.c $(pkg-config --cflags --libs keel)
            done
            #   One finds it in /usr, one by way of /lib, which is a link.
            cmake -S {examples}/clients/c -B /tmp/clients -DCMAKE_RUNTIME_OUTPUT_DIRECTORY=/opt/by-cmake
            cmake -S {examples}/workers/c -B /tmp/workers -DCMAKE_RUNTIME_OUTPUT_DIRECTORY=/opt/by-cmake -DCMAKE_PREFIX_PATH=/
            cmake --build /tmp/clients
            cmake --build /tmp/workers""")
        for folder in ("/opt/by-pkg-config", "/opt/by-cmake"):
            self.assertIn("libkeel.so.0 => /lib/", machine.chroot("ldd", f"{folder}/echo"))


class Running(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(machine.power_off)
        machine.boot()

    def unit(self, unit, what):
        return machine.say("systemctl", "show", "--value", "--property", what, unit)

    def pid(self, unit="mdbroker"):
        return self.unit(unit, "MainPID")

    def is_active(self, unit):
        return machine.say("systemctl", "is-active", unit, check=False) == "active"

    def assert_comes(self, unit, seconds=60):
        eventually(lambda: self.is_active(unit), f"{unit} active", seconds=seconds)

    def journal(self, unit="mdbroker"):
        return machine.say("journalctl", "--no-pager", "--output=cat", "--unit", unit)

    def round_trip(self, *options):
        self.assertEqual(machine.say("mdclient", "--timeout", "5000", *options, "echo", "hello"), "hello")

    def configure(self, text):
        """Adds text to mdbroker's configuration, and gives it back as it was at the end."""
        before = machine.read(CONFIG)
        self.addCleanup(machine.write, CONFIG, before)
        machine.write(CONFIG, before + text)

    def drop_in(self, unit, text):
        """Settings for a unit until the machine is gone."""
        machine.run("sh", "-ec", 'mkdir -p "/run/systemd/system/$0.d" && cat > "/run/systemd/system/$0.d/test.conf"', unit,
                    stdin=f"[Service]\n{text}\n")
        machine.run("systemctl", "daemon-reload")

    def test_01_what_is_on_runs_and_what_is_off_does_not(self):
        for unit in ON:
            self.assert_comes(unit)
            self.assertEqual(machine.say("systemctl", "is-enabled", unit), "enabled")
        for unit in OFF:
            self.assertFalse(self.is_active(unit), unit)
            self.assertEqual(machine.say("systemctl", "is-enabled", unit, check=False), "disabled")
        self.assertEqual(machine.say("systemctl", "--failed", "--plain", "--no-legend"), "")

    def test_02_a_request_goes_there_and_back(self):
        machine.run("systemd-run", "--unit=echo", "--property=User=nobody", "--property=Restart=always", "mdworker", "echo")
        self.round_trip()
        self.assertEqual(machine.say("ticlient", "--wait", "10000", "call", "echo", "kept"), "kept")
        for folder in ("/opt/by-pkg-config", "/opt/by-cmake"):
            self.assertEqual(machine.say(f"{folder}/hello", "tcp://127.0.0.1:5555"), "hello")

    def test_03_administration_is_for_root_and_the_group(self):
        machine.run("mdctl", "--broker", ADMIN, "drain", "echo")
        machine.run("mdctl", "--broker", ADMIN, "resume", "echo")
        member = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=keel"]
        machine.run(*member, "mdctl", "--broker", ADMIN, "status")
        stranger = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.assertEqual(machine.run(*stranger, "mdctl", "--broker", ADMIN, "status", check=False).returncode, 1)
        self.assertEqual(machine.run(*stranger, "ls", "/run/keel", check=False).returncode, 2)
        self.assertEqual(machine.run("mdctl", "drain", "echo", check=False).returncode, 1)     # not by tcp
        self.round_trip()

    def test_04_it_comes_back_when_it_is_killed(self):
        for unit in ("mdbroker", "titanic"):
            before = self.pid(unit)
            machine.run("kill", "-9", before)
            eventually(lambda: self.pid(unit) not in ("0", before) and self.is_active(unit), f"{unit} is back")  # pylint: disable=W0640
        self.round_trip()
        self.assertEqual(machine.say("ticlient", "--wait", "10000", "call", "echo", "kept"), "kept")

    def test_05_the_watchdog_ends_one_that_hangs(self):
        self.drop_in("mdbroker.service", "WatchdogSec=2\nTimeoutAbortSec=2")
        machine.run("systemctl", "restart", "mdbroker")
        before = self.pid()
        machine.run("kill", "-STOP", before)
        eventually(lambda: self.pid() not in ("0", before) and self.is_active("mdbroker"), "mdbroker is back")
        self.assertIn("Watchdog timeout", self.journal())
        self.round_trip()
        machine.run("rm", "-r", "/run/systemd/system/mdbroker.service.d")
        machine.run("systemctl", "daemon-reload")

    def test_06_it_reloads_its_configuration(self):
        before = self.pid()
        said = len(self.journal())
        self.configure("\ndrain\n    timeout = 20000\n")
        machine.run("systemctl", "reload", "mdbroker")
        eventually(lambda: "reload" in self.journal()[said:].lower(), "mdbroker says so")
        self.assertEqual(self.pid(), before)
        self.assertTrue(self.is_active("mdbroker"))
        self.round_trip()

    def test_07_a_bad_configuration_fails_at_once_and_says_where(self):
        self.configure("\nspeed = 11\n")
        line = machine.read(CONFIG).rstrip("\n").count("\n") + 1
        machine.run("systemctl", "stop", "mdbroker")
        started = machine.run("systemctl", "start", "mdbroker", check=False, seconds=20)
        self.assertNotEqual(started.returncode, 0)
        self.assertRegex(self.journal(), rf"{CONFIG}:{line}: .*speed")
        self.assertEqual(self.unit("mdbroker", "ExecMainStatus"), "78")
        self.assertEqual(self.unit("mdbroker", "ActiveState"), "failed")
        self.assertEqual(self.unit("mdbroker", "NRestarts"), "0")
        self.doCleanups()
        machine.run("systemctl", "start", "mdbroker")
        self.round_trip()

    def test_08_it_stops_in_good_order(self):
        for unit in ("titanic", "mdbroker"):
            machine.run("systemctl", "stop", unit)
            self.assertEqual(self.unit(unit, "Result"), "success")
            self.assertEqual(self.unit(unit, "ExecMainStatus"), "0")
        self.assertEqual(machine.run("pgrep", "-u", "keel", check=False).returncode, 1)
        machine.run("systemctl", "start", "mdbroker", "titanic")
        self.round_trip()

    def test_09_several_instances(self):
        machine.write("/etc/keel/mdbroker-two.cfg", 'listen\n    endpoint = "tcp://127.0.0.1:5565"\n')
        machine.run("systemctl", "enable", "--now", "mdbroker@two")
        machine.run("mdctl", "--broker", "ipc:///run/keel/mdbroker-two.admin", "status")
        machine.run("mdctl", "--broker", "tcp://127.0.0.1:5565", "status")

    def test_10_nobody_is_refused_while_it_restarts_or_is_upgraded(self):
        machine.run("systemctl", "stop", "mdbroker")
        machine.run("systemctl", "enable", "--now", "mdbroker.socket")
        machine.run("systemctl", "start", "mdbroker")
        eventually(lambda: "echo" in machine.say("mdctl", "services", check=False), "the worker is back")
        connector = subprocess.Popen(machine.entering(sys.executable, CONNECTOR, "127.0.0.1", "5555", only_network=True), text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        client = subprocess.Popen(machine.entering("sh", "-c", """
            while test ! -e /run/enough; do
                test "$(mdclient --timeout 10000 --retries 100 echo $$)" = $$ || exit 1
                echo >>/run/answers
            done"""), stdin=subprocess.DEVNULL)
        answers = f"/proc/{machine.init}/root/run/answers"
        for _ in range(RESTARTS):
            machine.run("systemctl", "restart", "mdbroker")
            before = size_of(answers)
            eventually(lambda: size_of(answers) > before + 5 or client.poll() is not None, "all go on")  # pylint: disable=W0640
        before = self.pid()
        machine.run("dpkg", "--install", *debs())
        self.assertNotEqual(self.pid(), before)
        self.assertTrue(self.is_active("mdbroker.socket"))
        tries, refused = map(int, connector.communicate("")[0].split())
        machine.run("touch", "/run/enough")
        self.assertEqual(client.wait(), 0, "a request was lost")
        print(f"\n{RESTARTS} restarts and an upgrade, {size_of(answers)} requests, {tries} connections, {refused} refused", file=sys.stderr)
        self.assertGreater(tries, 100)
        self.assertEqual(refused, 0)
        machine.run("mdctl", "--broker", ADMIN, "status")
        self.round_trip()

    def test_11_figures(self):
        """Idle memory, and how long it takes until it is ready, the best of some starts: for a person to read."""
        machine.run("systemctl", "disable", "--now", "mdbroker.socket", "mdbroker")
        machine.run("systemctl", "enable", "--now", "mdbroker")
        took = []
        for _ in range(10):
            machine.run("systemctl", "restart", "mdbroker")
            took.append(int(self.unit("mdbroker", "ActiveEnterTimestampMonotonic")) -
                        int(self.unit("mdbroker", "ExecMainStartTimestampMonotonic")))
        rss = re.search(r"VmRSS:\s+(\d+) kB", machine.say("cat", f"/proc/{self.pid()}/status"))[1]
        print(f"\nready after {min(took) / 1000:.0f} ms, sandbox included; idle with {int(rss) / 1024:.1f} MiB", file=sys.stderr)
        self.assertLess(int(rss), 10 * 1024)

    def test_12_an_upgrade_restarts_what_runs_and_nothing_else(self):
        machine.run("systemctl", "stop", "titanic")
        machine.run("systemctl", "disable", "mdbroker")
        machine.run("systemctl", "enable", "spqueue")
        before = {unit: self.pid(unit) for unit in ("mdbroker", "mdbroker@two")}
        machine.run("dpkg", "--install", *debs())
        for unit, pid in before.items():
            self.assertTrue(self.is_active(unit), unit)
            self.assertNotEqual(self.pid(unit), pid, unit)
        self.assertFalse(self.is_active("titanic"))
        self.assertFalse(self.is_active("spqueue"))
        for unit, state in {"mdbroker": "disabled", "spqueue": "enabled", "titanic": "enabled", "ppqueue": "disabled"}.items():
            self.assertEqual(machine.say("systemctl", "is-enabled", unit, check=False), state, unit)
        machine.run("systemctl", "enable", "mdbroker")
        machine.run("systemctl", "disable", "spqueue")

    def test_13_removal_stops_all_and_keeps_configuration_and_state(self):
        machine.write(CONFIG, machine.read(CONFIG) + "# mine\n")
        machine.run("dpkg", "--remove", "keel-brokers")
        self.assertEqual(machine.run("pgrep", "-u", "keel", check=False).returncode, 1)
        self.assertTrue(machine.read(CONFIG).endswith("# mine\n"))
        machine.run("test", "-d", "/var/lib/keel/titanic")
        machine.run("dpkg", "--install", *debs("keel-brokers"))
        self.assertTrue(machine.read(CONFIG).endswith("# mine\n"))
        for unit in ON:
            self.assert_comes(unit)
        self.round_trip()

    def test_14_purge_leaves_nothing(self):
        machine.run("systemctl", "start", "mdbroker@two")
        machine.run("dpkg", "--purge", "keel-brokers")
        self.assertEqual(machine.run("pgrep", "-u", "keel", check=False).returncode, 1)
        for path in ("/etc/keel", "/var/lib/keel", "/run/keel"):
            self.assertEqual(machine.run("test", "-e", path, check=False).returncode, 1, path)
        self.assertEqual(machine.say("find", "/etc/systemd", "/run/systemd/system", "/var/lib/systemd", "(", "-name", "*mdbroker*",
                                     "-o", "-name", "*titanic*", "-o", "-name", "*queue*", "-o", "-name", "binarystar*", ")",
                                     "-not", "-name", "stamp-*"), "")
        self.assertEqual(machine.say("systemctl", "list-unit-files", "--no-legend", "mdbroker*", "titanic*", check=False), "")

    def test_15_a_first_installation_starts_them(self):
        machine.run("dpkg", "--install", *debs("keel-brokers"))
        for unit in ON:
            self.assert_comes(unit)
        for unit in OFF:
            self.assertFalse(self.is_active(unit), unit)
        self.round_trip()
        machine.run("dpkg", "--purge", "keel-brokers")

    def test_16_a_policy_against_starting_is_obeyed(self):
        machine.run("sh", "-ec", "printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d")
        machine.run("dpkg", "--install", *debs("keel-brokers"))
        for unit in ON:
            self.assertFalse(self.is_active(unit), unit)
            self.assertEqual(machine.say("systemctl", "is-enabled", unit), "enabled")
        machine.run("dpkg", "--purge", "keel-brokers")


if __name__ == "__main__":
    if missing():
        print(missing())
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "--failfast", *sys.argv[4:]])
