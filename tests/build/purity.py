"""Wire and engine objects must need nothing but memory functions, the hash, and each other: no clock, no socket, no file.

    purity.py OBJECT...                         exit 0: pure; 1: says which object needs what
    purity.py --self-check CC                   exit 0: the checker rejects what it must reject
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ALLOWED = re.compile(
    r"mem(cpy|move|set|cmp|chr|rchr)|bcmp|strlen|__assert_fail"
    r"|crypto_shorthash\w*"
    r"|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__tls_get_addr"
    r"|__(asan|ubsan|tsan|msan|sanitizer|sanitizer_cov|gcov|llvm)_\w+|__(mem\w+|str\w+)_chk"
)
ALLOCATOR = {"malloc", "calloc", "realloc", "free"}
ALLOCATOR_OBJECT = re.compile(r"(^|/)memory\.c\.o$")


def symbols(path, *options):
    listing = subprocess.run(["nm", "-P", *options, path], check=True, capture_output=True, text=True).stdout
    return {line.split()[0].split("@")[0] for line in listing.splitlines() if line.strip()}


def impurities(objects):
    """Pairs of an object and a symbol that it may not need."""
    own = set().union(*(symbols(path, "--defined-only", "--extern-only") for path in objects))
    for path in objects:
        for name in sorted(symbols(path, "--undefined-only") - own):
            if ALLOWED.fullmatch(name) or (name in ALLOCATOR and ALLOCATOR_OBJECT.search(path)):
                continue
            yield path, name


def check(objects):
    if not objects:
        sys.exit("no objects to check")
    found = list(impurities(objects))
    for path, name in found:
        print(f"{path}: needs {name}, which wire and engine may not use")
    return 1 if found else 0


CASES = [
    # file name, source, the symbols that must be found
    ("clock", "#include <time.h>\nlong f (void);\nlong f (void) { return (long) time (0); }", ["time"]),
    ("socket", "#include <unistd.h>\nlong f (int s, char *b);\nlong f (int s, char *b) { return read (s, b, 1); }", ["read"]),
    ("stdio", "#include <stdio.h>\nvoid f (int n);\nvoid f (int n) { printf (\"%d\", n); }", ["printf"]),
    ("heap", "#include <stdlib.h>\nvoid *f (int n);\nvoid *f (int n) { return malloc (n); }", ["malloc"]),
    ("memory", "#include <stdlib.h>\nvoid *f (int n);\nvoid *f (int n) { return malloc (n); }", []),
    ("pure", "#include <string.h>\nint f (char *a, int n);\nint f (char *a, int n) { return memcmp (a, a + 1, n); }", []),
]


def self_check(compiler):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, source, expected in CASES:
            path = os.path.join(folder, name + ".c")
            with open(path, "w", encoding="ascii") as file:
                file.write(source + "\n")
            subprocess.run([compiler, "-w", "-c", path, "-o", path + ".o"], check=True)
            found = [symbol for _, symbol in impurities([path + ".o"])]
            if found != expected:
                print(f"{name}: found {found}, must find {expected}")
                failed = 1
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("objects", nargs="*")
    parser.add_argument("--self-check", metavar="CC")
    options = parser.parse_args()
    if options.self_check:
        return self_check(options.self_check)
    return check(options.objects)


sys.exit(main())
