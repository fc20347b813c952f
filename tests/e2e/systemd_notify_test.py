"""What each daemon tells systemd: READY once it listens, a status line, RELOADING and READY again, STOPPING; and signs of life from
its loop, at the pace that the watchdog wants, and none from one that hangs."""
import signal
import time

import pirates
import systemd
import titanic

import keeltest

WATCHDOG_MS = 900


class Daemon:
    """What holds for each: `program`, and `arguments` to start it with."""

    def begin(self, *more, watchdog_ms=None):
        self.manager = systemd.Manager(self, watchdog_ms)
        daemon = self.start(self.program, *self.arguments(), *more, env=self.manager.env, kind=keeltest.Broker)
        told = self.manager.word("READY")
        self.assertIn("listening on", daemon.err())
        self.assertRegex(told["STATUS"], "^(serving|waiting, epoch 0); ")
        return daemon

    def test_life(self):
        daemon = self.begin("--config", self.file("empty.cfg", ""))
        daemon.signal(signal.SIGHUP)
        told = self.manager.word("RELOADING")
        self.assertLessEqual(int(told["MONOTONIC_USEC"]), time.monotonic_ns() // 1000)
        self.manager.word("READY")
        daemon.signal(signal.SIGTERM)
        self.assertRegex(self.manager.word("STOPPING")["STATUS"], "^draining; ")
        self.assertEqual(daemon.exits(), 0)

    def test_watchdog(self):
        """Fed from the loop: at a third of what is wanted, and not by one that hangs."""
        daemon = self.begin(watchdog_ms=WATCHDOG_MS)
        for _ in range(6):
            self.manager.word("WATCHDOG")
        times = [when for when, told in self.manager.heard if "WATCHDOG" in told]
        self.assertGreater(times[-1] - times[0], 4 * WATCHDOG_MS / 3000)
        daemon.signal(signal.SIGSTOP)
        self.manager.silence(2 * WATCHDOG_MS / 1000)
        daemon.signal(signal.SIGCONT)
        self.manager.word("WATCHDOG")

    def test_no_sign_of_life_that_nobody_wants(self):
        daemon = self.begin()
        daemon.signal(signal.SIGTERM)
        self.manager.word("STOPPING")
        self.assertFalse([told for _, told in self.manager.heard if "WATCHDOG" in told])


class MdbrokerTest(Daemon, keeltest.Case):
    program = "mdbroker"

    def arguments(self):
        self.endpoint = self.ipc()
        return ["--bind", self.endpoint]

    def test_status(self):
        """It follows what happens, also when nothing does any more."""
        self.begin()
        worker, client = self.worker(self.endpoint), self.client(self.endpoint)
        self.manager.status("serving; 0 requests with workers, 0 waiting, 1 workers, 1 services")
        client.send(b"echo", b"1")
        client.send(b"echo", b"2")
        self.manager.status("1 requests with workers, 1 waiting")
        worker.answer()
        worker.answer()
        self.manager.status("0 requests with workers, 0 waiting")
        worker.send("disconnect")
        self.manager.status("0 workers")

    def test_status_under_load(self):
        """Once a second or so, whatever the load."""
        self.begin()
        begin = time.monotonic()
        worker, client = self.worker(self.endpoint), self.client(self.endpoint)
        while time.monotonic() < begin + 2.2:
            client.send(b"echo", b"x")
            worker.answer()
            client.recv()
        while self.manager.next(0):
            pass
        lines = [told for _, told in self.manager.heard if list(told) == ["STATUS"]]
        self.assertLessEqual(len(lines), time.monotonic() - begin + 1)


class SpqueueTest(Daemon, pirates.Case):
    program = "spqueue"

    def arguments(self):
        self.ends = self.ipc(), self.ipc()
        return ["--frontend", self.ends[0], "--backend", self.ends[1]]

    def test_status(self):
        queue = self.begin()
        queue.frontend, queue.backend = self.ends
        self.worker(queue)
        self.manager.status("serving; 0 requests with workers, 0 waiting, 1 workers")


class PpqueueTest(SpqueueTest):
    program = "ppqueue"


class TitanicTest(Daemon, titanic.Case):
    program = "titanic"

    def arguments(self):
        self.endpoint = self.ipc()
        return ["--broker", self.endpoint, "--data", self.data, "--admin", self.admin]

    def test_status(self):
        """It serves without a broker, and says which kind it has found."""
        self.begin()
        self.broker(bind=self.endpoint)
        self.manager.status("serving; 0 changes to be stored, 0 requests with the broker, ", "broker keel")


class BinarystarTest(Daemon, keeltest.Case):
    program = "binarystar"

    def arguments(self, role="--primary", ends=None, failover=200):
        self.ends = ends or (self.ipc(), self.ipc())
        return [role, "--frontend", self.ipc(), "--backend", self.ipc(), "--state-bind", self.ends[0], "--state-peer", self.ends[1],
                "--state-file", self.path(role), "--failover", failover]

    def test_status(self):
        """Its own role and state, and its peer's."""
        self.begin()
        self.start("binarystar", *self.arguments("--backup", self.ends[::-1]))
        self.manager.status("active, epoch 1; primary; peer ", "0 requests with the server")


if __name__ == "__main__":
    keeltest.main()
