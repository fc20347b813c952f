#!/usr/bin/python3
"""Connects to an address again and again until its standard input ends, and says how often it was refused.

    connector.py ADDRESS PORT
"""
import select
import socket
import sys

tries, refused = 0, 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    tries += 1
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 30).close()
    except OSError:
        refused += 1
print(tries, refused)
