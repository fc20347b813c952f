#!/usr/bin/python3
"""A whole MDP/0.1 worker with nothing but pyzmq: answers each request of the service `echo` with what it was sent.

    echo.py [BROKER]
"""
import sys
import time

import zmq

READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = b"\1", b"\2", b"\3", b"\4", b"\5"
INTERVAL, LIVENESS = 2.5, 3                                     # seconds, intervals

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5555"
context = zmq.Context()


def connect():
    """A fresh connection, registered as a worker."""
    broker = context.socket(zmq.DEALER)
    broker.linger = 0
    broker.connect(endpoint)
    broker.send_multipart([b"", b"MDPW01", READY, b"echo"])
    return broker


broker = connect()
heard = beaten = time.monotonic()
while True:
    if broker.poll(int(INTERVAL * 1000)):
        _, _, command, *rest = broker.recv_multipart()
        heard = time.monotonic()
        if command == REQUEST:
            token, _, *body = rest
            broker.send_multipart([b"", b"MDPW01", REPLY, token, b"", *body])
        elif command == DISCONNECT:
            heard = 0
    now = time.monotonic()
    if now - heard > INTERVAL * LIVENESS:                       # the broker is gone, or wants us to register again
        broker.close()
        time.sleep(1)
        broker = connect()
        heard = beaten = time.monotonic()
    elif now - beaten >= INTERVAL:
        broker.send_multipart([b"", b"MDPW01", HEARTBEAT])
        beaten = now
