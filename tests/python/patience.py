"""Waiting for a condition, under a deadline."""
import time

DEADLINE = 15                     # seconds; only a test that fails ever waits for so long


def eventually(condition, what, seconds=DEADLINE):
    """Polls until condition () is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.005)
