"""Does a daemon take its example configuration file?

    example_is_taken.py PROGRAM EXAMPLE.cfg ENDPOINT-OPTION...

It is given as it is, but for endpoints that no other test has. Then once more with a key that there is not, so that a
program that does not read its file at all cannot pass.
"""
import signal
import subprocess
import sys
import tempfile

EX_CONFIG = 78


def taken(program, example, endpoints):
    """endpoints: of each option that gives one."""
    command = [program, "--config", example, *(word for pair in endpoints.items() for word in pair)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        said = "".join(daemon.stderr.readline() for _ in endpoints)
        daemon.send_signal(signal.SIGTERM)
        said += daemon.stderr.read()
    print(said, file=sys.stderr)
    return daemon.returncode == 0 and said.count("listening on") == len(endpoints) and "ERROR" not in said


def refused(program, example, name):
    with open(example, encoding="utf-8") as text, open(name, "w", encoding="utf-8") as wrong:
        wrong.write(text.read() + "nonsense = 1\n")
    return subprocess.run([program, "--config", name], timeout=30, check=False).returncode == EX_CONFIG


def main():
    program, example, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="keel.") as folder:
        endpoints = {option: f"ipc://{folder}/{option}" for option in options}
        passed = taken(program, example, endpoints) and refused(program, example, f"{folder}/wrong.cfg")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
