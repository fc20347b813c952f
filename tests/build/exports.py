"""libkeel exports what its public headers mark KEEL_EXPORT: all of it, and nothing else.

    exports.py LIBRARY HEADER-FOLDER
"""
import glob
import os
import re
import subprocess
import sys


def promised(folder):
    names = set()
    for header in glob.glob(os.path.join(folder, "*.h")):
        with open(header, encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        names.update(re.findall(r"^KEEL_EXPORT\b[^;{]*?\b(\w+) \(", text, flags=re.M))
    return names


def exported(library):
    listing = subprocess.run(["nm", "-D", "-P", "--defined-only", library], check=True, capture_output=True, text=True)
    names = {line.split()[0].split("@")[0] for line in listing.stdout.splitlines() if line.strip()}
    return {name for name in names if not re.match(r"_|\.|asan|__", name)}


def main():
    library, folder = sys.argv[1:]
    wanted, found = promised(folder), exported(library)
    for name in sorted(wanted - found):
        print(f"{name}: in a public header, but not exported")
    for name in sorted(found - wanted):
        print(f"{name}: exported, but in no public header")
    if "keel_version" not in wanted:
        print("keel_version: not found in the headers, so this test sees nothing")
        return 1
    return 1 if wanted != found else 0


sys.exit(main())
