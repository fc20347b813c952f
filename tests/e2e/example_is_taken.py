"""Does a daemon take its example configuration file?

    example_is_taken.py PROGRAM EXAMPLE.cfg [ARGUMENT...]

It is given as it is, but for endpoints and files that no other test has: the arguments, in which {folder} is the test's own;
without any, --bind ipc://{folder}/s. Then once more with a key that there is not, so that a
program that does not read its file at all cannot pass. --check-config, too, must find it good, as it is and with what is commented out.
"""
import re
import signal
import subprocess
import sys
import tempfile

EX_CONFIG = 78


def taken(program, example, arguments):
    command = [program, "--config", example, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        said = ""
        while "listening on" not in said and (line := daemon.stderr.readline()):
            said += line
        daemon.send_signal(signal.SIGTERM)
        said += daemon.stderr.read()
    print(said, file=sys.stderr)
    return daemon.returncode == 0 and "listening on" in said and "ERROR" not in said


def refused(program, example, name):
    with open(example, encoding="utf-8") as text, open(name, "w", encoding="utf-8") as wrong:
        wrong.write(text.read() + "nonsense = 1\n")
    return subprocess.run([program, "--config", name], timeout=30, check=False).returncode == EX_CONFIG


def good(program, example, arguments, name):
    """As it is, and with all its keys."""
    with open(example, encoding="utf-8") as text, open(name, "w", encoding="utf-8") as whole:
        whole.write(re.sub(r"^#([a-z-]+|    [a-z-]+ = .*)$", r"\1", text.read(), flags=re.M))
    return all(subprocess.run([program, "--check-config", "-c", *words], timeout=30, check=False).returncode == 0
               for words in ((example, *arguments), (name,)))


def main():
    program, example, *arguments = sys.argv[1:]
    arguments = arguments or ["--bind", "ipc://{folder}/s"]
    with tempfile.TemporaryDirectory(prefix="keel.") as folder:
        given = [word.replace("{folder}", folder) for word in arguments]
        passed = taken(program, example, given) and refused(program, example, f"{folder}/wrong.cfg") \
            and good(program, example, given, f"{folder}/whole.cfg")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
