#!/usr/bin/python3
"""One request by way of Titanic (RFC 9) with nothing but pyzmq.

    durable.py [BROKER]
"""
import sys
import time
import uuid

import zmq

broker = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5555"
context = zmq.Context()


def ask(service, *body):
    """Until somebody answers: each of Titanic's services may be asked twice. The status, and what is behind it."""
    while True:
        client = context.socket(zmq.REQ)
        client.linger = 0
        client.connect(broker)
        client.send_multipart([b"MDPC01", service, *body])
        answer = client.recv_multipart() if client.poll(2500) else None
        client.close()
        if answer:
            return answer[2][:3], answer[3:]


#   With a uuid of our own it is stored once, however often it is sent; titanic.request would make one, and another each time.
name = uuid.uuid4().hex.upper().encode()
status, _ = ask(b"titanic.submit", name, b"echo", b"hello")
if status != b"200":
    sys.exit(f"not stored: {status.decode()}")
while (status := ask(b"titanic.reply", name))[0] == b"300":
    time.sleep(0.1)
print(*(frame.decode() for frame in status[1]), sep="\n")
ask(b"titanic.close", name)
