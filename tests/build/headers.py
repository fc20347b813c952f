"""Every header must compile on its own, as the first and only thing that a file includes.

    headers.py CC FOLDER LANGUAGE [-I...]       each *.h in FOLDER (LANGUAGE: c or c++)
    headers.py --self-check CC                  exit 0: a header that is not complete is rejected
"""
import glob
import os
import subprocess
import sys
import tempfile

STANDARD = {"c": "-std=c11", "c++": "-std=c++11"}


def speaks(compiler, language):
    probe = [compiler, "-x", language, "-fsyntax-only", os.devnull]
    return subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0


def broken(compiler, folder, language, flags):
    """The headers in folder that do not stand alone."""
    for header in sorted(glob.glob(os.path.join(folder, "*.h"))):
        command = [compiler, "-x", language, STANDARD[language], "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                   "-fsyntax-only", *flags, "-"]
        text = f'#include "{header}"\n#include "{header}"\n'
        if subprocess.run(command, input=text, text=True, check=False).returncode:
            yield header


def self_check(compiler):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "whole.h"), "w", encoding="ascii") as file:
            file.write("#ifndef WHOLE_H\n#define WHOLE_H\n#include <stddef.h>\nsize_t whole (void);\n#endif\n")
        with open(os.path.join(folder, "partial.h"), "w", encoding="ascii") as file:
            file.write("size_t partial (void);\n")
        found = [os.path.basename(header) for header in broken(compiler, folder, "c", [])]
    return 0 if found == ["partial.h"] else 1


def main():
    if sys.argv[1] == "--self-check":
        return self_check(sys.argv[2])
    compiler, folder, language, *flags = sys.argv[1:]
    if not glob.glob(os.path.join(folder, "*.h")):
        sys.exit(f"{folder}: no headers")
    if not speaks(compiler, language):
        print(f"{compiler} knows no {language}")
        return 77
    found = list(broken(compiler, folder, language, flags))
    for header in found:
        print(f"{header}: does not compile on its own")
    return 1 if found else 0


sys.exit(main())
