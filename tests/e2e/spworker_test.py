"""spworker against a queue that is a bare ROUTER, played by the test."""
import random
import signal

import keeltest
import queue_worker
from keeltest import eventually


class SpworkerTest(queue_worker.QueueWorkerCases):
    PROGRAM = "spworker"
    SIMPLE = True

    def test_neither_heartbeats_nor_ready_after_answers(self):
        worker = self.worker("--", "tr", "a-z", "A-Z")
        self.queue.send(b"c1", b"", b"he", b"llo")
        self.queue.expect(b"c1", b"", b"HELLO")
        self.assertIsNone(self.queue.next(0.3))
        self.assertEqual(self.queue.beats, 0)
        self.stop(worker)

    def test_garbage(self):
        worker = self.worker()
        dice = random.Random(7)
        for _ in range(2000):
            size = dice.choice((1, 1, 2, 3, 5, 14))
            frames = [dice.randbytes(dice.choice((0, 1, 1, 5, 255, 300))) for _ in range(size)]
            self.queue.socket.send_multipart([self.queue.peer, *([b""] if dice.random() < 0.5 else []), *frames])
        mark = [b"the mark", b"", b"after"]

        def echoed():
            """One that comes while another request is held is dropped, so it may take several."""
            self.queue.send(*mark)
            return self.queue.next(0.1) == mark
        eventually(echoed, "the mark comes back")
        worker.kill()

    def test_second_request_is_dropped(self):
        worker, _ = self.held()
        self.queue.send(b"c2", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        self.open_gate()
        self.queue.expect(b"c1", b"", b"done\n")
        self.queue.send(b"c3", b"", b"x")
        self.queue.expect(b"c3", b"", b"done\n")
        self.stop(worker)

    def test_frozen_worker_answers_when_it_goes_on(self):
        worker = self.worker()
        worker.signal(signal.SIGSTOP)
        self.queue.send(b"c1", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        worker.signal(signal.SIGCONT)
        self.queue.expect(b"c1", b"", b"x")
        self.stop(worker)


if __name__ == "__main__":
    keeltest.main()
