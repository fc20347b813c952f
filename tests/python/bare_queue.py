"""A queue for the Pirates' workers that is a bare ROUTER, whose lines the test speaks."""
import time

import zmq

import loopback

READY, HEARTBEAT = b"\1", b"\2"


class BareQueue:
    """Knows one worker: the one that spoke last. simple: as to REQ sockets; else PPP, whose heartbeats are counted and passed over."""

    def __init__(self, context, endpoint=loopback.ANY_PORT, simple=False):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.lead = [b""] if simple else []
        self.beats = 0
        self.peer = None

    def next(self, seconds=15):
        """The frames of the next message, without the lead; None when time is up."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            self.peer, *frames = self.socket.recv_multipart()
            size = len(self.lead)
            assert frames[:size] == self.lead, frames
            if frames[size:] != [HEARTBEAT]:
                return frames[size:]
            self.beats += 1
        return None

    def expect(self, *frames, seconds=15):
        got = self.next(seconds)
        assert got == list(frames), f"{got}, not {frames}"

    def send(self, *frames):
        self.socket.send_multipart([self.peer, *self.lead, *frames])

    def exchange(self, *frames):
        """A request that is echoed."""
        self.send(*frames)
        self.expect(*frames)

    def close(self):
        self.socket.close()
