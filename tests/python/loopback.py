"""An address of this machine that no other test has: a client that still looks for a server of another test finds nobody there."""
import os

ADDRESS = "127.%d.%d.%d" % (1 + os.getpid() // 250 // 250 % 250, os.getpid() // 250 % 250, 1 + os.getpid() % 250)
ANY_PORT = f"tcp://{ADDRESS}:*"
