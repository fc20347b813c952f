"""ppworker against a queue that is a bare ROUTER, played by the test."""
import random
import signal
import time

import keeltest
import queue_worker
from bare_queue import HEARTBEAT, READY
from keeltest import eventually


class PpworkerTest(queue_worker.QueueWorkerCases):
    PROGRAM = "ppworker"

    # ---- heartbeats

    def test_heartbeats_while_the_command_runs(self):
        worker, _ = self.held("--heartbeat", 50, "--liveness", 1000)
        before = self.queue.beats
        eventually(lambda: self.queue.next(0.01) or self.queue.beats >= before + 5, "five heartbeats")
        self.open_gate()
        self.queue.expect(b"c1", b"", b"done\n")
        self.stop(worker)

    def test_ready_again_after_silence(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 2)
        self.queue.send(HEARTBEAT)
        worker.says("registered")
        first, start = self.queue.peer, time.monotonic()
        self.serves_again()
        self.assertNotEqual(self.queue.peer, first)
        self.assertGreater(time.monotonic() - start, 0.5)      # the first pause is 0.5 to 1 s
        worker.says("silent")
        worker.kill()

    def serves_again(self):
        """READY comes; so does an answer, once the request goes out soon enough after it."""
        request = [b"c1", b"", b"x"]
        self.queue.expect(READY)
        got = [READY]
        while got == [READY]:
            self.queue.send(*request)
            got = self.queue.next()
        self.assertEqual(got, request)

    def test_garbage_is_no_sign_of_life(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 2)
        first = self.queue.peer

        def ready_from_another():
            got = self.queue.next(0.02)
            if got is None:
                self.queue.send(b"\3")
            return got == [READY] and self.queue.peer != first
        eventually(ready_from_another, "READY again, whatever else is said")
        worker.kill()

    # ---- a hostile queue

    def test_garbage(self):
        worker = self.worker()
        dice = random.Random(6)
        for _ in range(2000):
            size = dice.choice((1, 1, 2, 3, 5, 14))
            self.queue.send(*[dice.randbytes(dice.choice((0, 1, 1, 5, 255, 300))) for _ in range(size)])
        mark = [b"the mark", b"", b"after"]
        self.queue.send(*mark)

        def echoed():
            got = self.queue.next()
            if got == [READY]:                 # one request was more than it takes: all of them were given back
                self.queue.send(*mark)
            return got == mark
        eventually(echoed, "the mark comes back")
        worker.kill()

    def test_more_frames_than_it_takes(self):
        worker = self.worker()
        self.queue.send(b"c1", b"", *[b"x"] * 3000)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", *[b"x"] * 1000)
        self.stop(worker)

    def test_second_request_is_given_back_after_the_first(self):
        worker, _ = self.held()
        self.queue.send(b"c2", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        self.open_gate()
        self.queue.expect(b"c1", b"", b"done\n")
        self.queue.expect(READY)
        self.stop(worker)

    # ---- the end

    def test_frozen_worker_comes_back(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 3)
        worker.signal(signal.SIGSTOP)
        first = self.queue.peer
        eventually(lambda: self.queue.next(0.3) is None and not self.beaten(), "no more heartbeats")
        worker.signal(signal.SIGCONT)
        self.serves_again()                    # what it heard, it heard long ago
        self.assertNotEqual(self.queue.peer, first)
        worker.kill()

    def beaten(self):
        """Any heartbeat within 300 ms?"""
        before = self.queue.beats
        self.queue.next(0.3)
        return self.queue.beats != before


if __name__ == "__main__":
    keeltest.main()
