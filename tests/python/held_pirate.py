"""A peer of spqueue or ppqueue in a process of its own, to be killed or frozen.

    held_pirate.py ENDPOINT simple
    held_pirate.py ENDPOINT paranoid [BEAT-MSEC]
    held_pirate.py ENDPOINT client REQUESTS

A worker takes a request and never answers, and says `request BODY` on stdout. A client sends its requests, says `sent`, and never reads
an answer.
"""
import sys
import time

import zmq


def hold(socket, beat):
    """Requests come; heartbeats go, if they are to."""
    beaten = time.monotonic()
    while True:
        if socket.poll(beat // 4 or None):
            frames = socket.recv_multipart()
            if len(frames) > 1:
                print("request", frames[-1].decode(errors="replace"), flush=True)
        if beat and time.monotonic() - beaten >= beat / 1000:
            socket.send(b"\2")
            beaten = time.monotonic()


def main(endpoint, kind, number="0"):
    socket = zmq.Context().socket(zmq.REQ if kind == "simple" else zmq.DEALER)
    socket.sndhwm = 0
    if kind == "client":
        socket.rcvhwm, socket.rcvbuf = 1, 4096
    socket.connect(endpoint)
    if kind == "client":
        for one in range(int(number)):
            socket.send_multipart([b"", b"%d" % one])
        print("sent", flush=True)
        while True:
            time.sleep(3600)
    socket.send(b"\1")
    hold(socket, int(number))


main(*sys.argv[1:])
