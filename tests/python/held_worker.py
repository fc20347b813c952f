"""A worker in a process of its own, which takes requests and never answers: to be killed or frozen.

    held_worker.py ENDPOINT SERVICE [FORM] [CREDIT] [BEAT-MSEC]

Says `registered` on stdout, and then `request BODY` for each that it gets.
"""
import os
import sys
import time

import zmq

import mdp


def main(endpoint, service, form="led1", credit="1", beat="0"):
    worker = mdp.Worker(zmq.Context(), endpoint, os.fsencode(service), mdp.WORKER_FORMS[form], int(credit))
    interval = int(beat) / 1000
    worker.ready()
    worker.sync()
    print("registered", flush=True)
    beaten = time.monotonic()
    while True:
        if worker.arrived or worker.socket.poll(int(beat) // 4 or None):
            name, rest = worker.understand(worker.get())
            if name == "request":
                print("request", rest[2].decode(errors="replace"), flush=True)
        if interval and time.monotonic() - beaten >= interval:
            worker.send("heartbeat")
            beaten = time.monotonic()


main(*sys.argv[1:])
