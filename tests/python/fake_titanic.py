"""A broker with a Titanic behind it, played by hand over one ROUTER: the test takes each question and answers it."""
from collections import namedtuple

import zmq

SOON_MS = 10000

Question = namedtuple("Question", "head service body")


class Titanic:
    """Speaks MDP as a broker does, to clients of 0.1 and 0.2 that lead with a delimiter."""

    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = endpoint

    def take(self, service=None):
        """The next question; of that service."""
        if not self.socket.poll(SOON_MS):
            raise AssertionError(f"no question came, not of {service}")
        frames = self.socket.recv_multipart()
        at = frames.index(b"", 1) + 1
        version = frames[at]
        rest = frames[at + 1:] if version == b"MDPC01" else frames[at + 2:]
        question = Question([*frames[:at], *([version] if version == b"MDPC01" else [version, b"\3"])], rest[0], rest[1:])
        if service and question.service != service:
            raise AssertionError(f"{question} instead of {service}")
        return question

    def answer(self, question, *body, service=None):
        self.socket.send_multipart([*question.head, service or question.service, *body])

    def notice(self, question, code):
        self.answer(question, code, b"for a reason", question.service, service=b"mmi.error")

    def silent(self, msec):
        return not self.socket.poll(msec)


class Admin:
    """The admin endpoint: [""] [command] [argument]*."""

    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = endpoint

    def take(self):
        """The frames of the next question, and what its answer begins with."""
        if not self.socket.poll(SOON_MS):
            raise AssertionError("no question came")
        frames = self.socket.recv_multipart()
        at = frames.index(b"", 1) + 1
        return frames[at:], frames[:at]

    def answer(self, head, *body):
        self.socket.send_multipart([*head, *body])
