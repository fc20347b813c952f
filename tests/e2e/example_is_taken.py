"""Does a daemon take its example configuration file?

    example_is_taken.py PROGRAM EXAMPLE.cfg OPTION...

It is given as it is, but for endpoints that no other test has, by those options, and a folder of its own, by an option that is given
with a / behind it: --frontend --backend, --admin --data/. Then once more with a key that there is not, so that a
program that does not read its file at all cannot pass.
"""
import signal
import subprocess
import sys
import tempfile

EX_CONFIG = 78


def taken(program, example, options):
    """options: values by their names."""
    command = [program, "--config", example, *(word for pair in options.items() for word in pair)]
    expected = sum(value.startswith("ipc:") for value in options.values())
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        said = ""
        while said.count("listening on") < expected and (line := daemon.stderr.readline()):
            said += line
        daemon.send_signal(signal.SIGTERM)
        said += daemon.stderr.read()
    print(said, file=sys.stderr)
    return daemon.returncode == 0 and said.count("listening on") == expected and "ERROR" not in said


def refused(program, example, name):
    with open(example, encoding="utf-8") as text, open(name, "w", encoding="utf-8") as wrong:
        wrong.write(text.read() + "nonsense = 1\n")
    return subprocess.run([program, "--config", name], timeout=30, check=False).returncode == EX_CONFIG


def main():
    program, example, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="keel.") as folder:
        options = {name.rstrip("/"): f"{folder}/data" if name.endswith("/") else f"ipc://{folder}/{name}" for name in names}
        passed = taken(program, example, options) and refused(program, example, f"{folder}/wrong.cfg")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
