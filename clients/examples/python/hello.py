#!/usr/bin/python3
"""One MDP/0.1 request with nothing but pyzmq.

    hello.py [BROKER]
"""
import sys

import zmq

client = zmq.Context().socket(zmq.REQ)
client.linger = 0
client.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5555")
client.send_multipart([b"MDPC01", b"echo", b"hello"])
if not client.poll(5000):
    sys.exit("no answer within 5 s")
_, service, *body = client.recv_multipart()
print(*(frame.decode() for frame in body), sep="\n")
