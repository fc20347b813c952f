#!/usr/bin/python3
"""The Debian packages of this build: packs them into a folder of its own, and looks at what is in them.

    packages.py CPACK BUILD-DIR SOURCE-DIR
"""
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = {
    "keel-brokers": {"mdbroker", "titanic", "spqueue", "ppqueue", "binarystar"},
    "keel-tools": {"mdclient", "mdctl", "mdbench", "ticlient", "lpclient", "flclient",
                   "mdworker", "lpserver", "spworker", "ppworker", "flserver"},
    "libkeel0": set(),
    "libkeel-dev": set(),
}
SECTIONS = {"keel-brokers": "net", "keel-tools": "net", "libkeel0": "libs", "libkeel-dev": "libdevel"}
#   Shared libraries of others, and who brings them.
LIBRARIES = {"libzmq.so.5": "libzmq5", "libczmq.so.4": "libczmq4", "libsodium.so.23": "libsodium23", "liblmdb.so.0": "liblmdb0",
             "libjansson.so.4": "libjansson4", "libuuid.so.1": "libuuid1", "libkeel.so.0": "libkeel0", "libc.so.6": "libc6",
             "libm.so.6": "libc6",
             "libsystemd.so.0": "libsystemd0", "libncursesw.so.6": "libncursesw6", "libtinfo.so.6": "libtinfo6"}
#   What they may contain, and no more.
PLACES = re.compile(r"/(usr/(bin|include/keel|lib|share/(doc|man|bash-completion))/|lib/systemd/system/|etc/keel/)")

cpack, build, source = sys.argv[1:4]
version = re.search(r"project \(keel VERSION ([0-9.]+)", open(f"{source}/CMakeLists.txt", encoding="utf-8").read())[1]


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


multiarch = output("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()


class Package:
    """One, unpacked below folder: control in DEBIAN, files where they belong."""

    def __init__(self, path, folder):
        self.name = os.path.basename(path).split("_")[0]
        self.root = f"{folder}/{self.name}"
        subprocess.run(["dpkg-deb", "--raw-extract", path, self.root], check=True)
        self.fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", self.control("control"), re.M))
        self.modes = {}                     # of everything, by its path: "-rw-r--r-- root/root"
        for line in output("dpkg-deb", "--contents", path).splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            self.modes[name.split(" -> ")[0][1:].rstrip("/")] = f"{mode} {owner}"
        self.files = {name for name, mode in self.modes.items() if mode[0] != "d"}

    def control(self, name):
        path = f"{self.root}/DEBIAN/{name}"
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def below(self, place):
        return {name for name in self.files if name.startswith(place)}

    def depends(self):
        """What it depends on, by name: what stands in parentheses, or nothing."""
        return {name: relation for name, relation in
                re.findall(r"([a-z0-9.+-]+)(?: \(([^)]*)\))?", self.fields.get("Depends", ""))}

    def binaries(self):
        return [name for name in self.below("/usr/bin/") | self.below(f"/usr/lib/{multiarch}/libkeel.so.0.")]


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        packed = subprocess.run([cpack, "--config", f"{build}/CPackConfig.cmake", "-B", f"{cls.folder}/packed"], check=False,
                                cwd=cls.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert packed.returncode == 0, packed.stdout
        paths = glob.glob(f"{cls.folder}/packed/*.deb")
        cls.packages = {package.name: package for package in [Package(path, cls.folder) for path in paths]}

    def test_there_are_four(self):
        self.assertEqual(set(self.packages), set(PROGRAMS))

    def test_control_fields(self):
        for package in self.packages.values():
            self.assertEqual(package.fields["Version"], version)
            self.assertEqual(package.fields["Source"], "keel")
            self.assertEqual(package.fields["Section"], SECTIONS[package.name])
            self.assertEqual(package.fields["Priority"], "optional")
            self.assertRegex(package.fields["Maintainer"], r"^.+ <[^ ]+@[^ ]+>$")
            self.assertRegex(package.fields["Description"], r"^Reliable request-reply over ZeroMQ: [a-z]")
            self.assertRegex(package.control("control"), r"(?m)^Description:.*\n Keel makes ")

    def test_programs_are_where_they_belong(self):
        for package in self.packages.values():
            self.assertEqual({os.path.basename(name) for name in package.below("/usr/bin/")}, PROGRAMS[package.name])

    def test_every_program_has_its_page_and_every_page_its_program(self):
        for package in self.packages.values():
            pages = package.below("/usr/share/man/")
            of_programs = {os.path.basename(name).split(".")[0] for name in pages if re.search(r"/man[18]/", name)}
            self.assertEqual(of_programs, PROGRAMS[package.name])
            for page in pages:
                self.assertRegex(page, r"/man([1578])/[^/]+\.\1\.gz$")

    def test_every_program_has_its_completion(self):
        for package in self.packages.values():
            completions = package.below("/usr/share/bash-completion/completions/")
            self.assertEqual({os.path.basename(name) for name in completions}, PROGRAMS[package.name])

    def test_no_file_is_in_two(self):
        seen = {}
        for package in self.packages.values():
            for name in package.files:
                self.assertIsNone(seen.get(name), f"{name} is in {package.name} too")
                seen[name] = package.name

    def test_everything_is_in_its_place(self):
        for package in self.packages.values():
            for name in package.files:
                self.assertRegex(name, PLACES)

    def test_modes_and_owners(self):
        scripts = re.compile(r"^/usr/(bin|share/doc/keel-tools/examples/.*\.py$)")
        for package in self.packages.values():
            for name, mode in package.modes.items():
                wanted = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx"}.get(mode[0])
                if not wanted:
                    wanted = "-rwxr-xr-x" if scripts.match(name) else "-rw-r--r--"
                self.assertEqual(mode, f"{wanted} root/root", name)

    def test_nothing_knows_where_it_was_built(self):
        for package in self.packages.values():
            for name in package.files:
                if os.path.islink(package.root + name) or name in package.binaries():
                    continue
                with open(package.root + name, "rb") as file:
                    text = gzip.decompress(file.read()) if name.endswith(".gz") else file.read()
                for path in (build, source, self.folder, "/usr/local"):
                    if not name.endswith("/README.md"):             # a path, and not the end of a longer one
                        self.assertIsNone(re.search(rb"(?<![\w./-])" + re.escape(path.encode()) + rb"(?![\w.-])", text), name)

    def test_documents(self):
        for package in self.packages.values():
            documents = f"{package.root}/usr/share/doc/{package.name}"
            with open(f"{documents}/copyright", encoding="utf-8") as file:
                self.assertIn("License: MPL-2.0", file.read())
            with gzip.open(f"{documents}/changelog.gz", "rt") as file:
                self.assertTrue(file.readline().startswith(f"keel ({version}) "))
            self.assertEqual({name.split("/")[4] for name in package.below("/usr/share/doc/")}, {package.name})
        self.assertTrue(self.packages["libkeel-dev"].below("/usr/share/doc/libkeel-dev/examples/clients/c/hello.c"))
        self.assertTrue(self.packages["keel-tools"].below("/usr/share/doc/keel-tools/examples/clients/python/hello.py"))

    def test_binaries_are_stripped_and_have_no_run_path(self):
        for package in self.packages.values():
            for name in package.binaries():
                self.assertNotRegex(output("readelf", "-d", package.root + name), "RPATH|RUNPATH", name)
                self.assertNotIn(".symtab", output("readelf", "-SW", package.root + name), name)

    def test_dependencies_are_computed(self):
        for package in self.packages.values():
            depends = package.depends()
            for name in package.binaries():
                for library in re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", package.root + name)):
                    self.assertIn(LIBRARIES[library], depends, f"{name} needs {library}")
        self.assertEqual(self.packages["keel-tools"].depends()["libkeel0"], f">= {version}")
        self.assertEqual(self.packages["libkeel-dev"].depends()["libkeel0"], f"= {version}")
        self.assertIn("libczmq-dev", self.packages["libkeel-dev"].depends())
        self.assertIn("procps", self.packages["keel-brokers"].depends())
        self.assertIn("systemd-standalone-sysusers", self.packages["keel-brokers"].depends())

    def test_library(self):
        library = self.packages["libkeel0"]
        folder = f"/usr/lib/{multiarch}"
        self.assertEqual(library.below("/usr/lib/"), {f"{folder}/libkeel.so.0", f"{folder}/libkeel.so.{version}"})
        self.assertIn("Library soname: [libkeel.so.0]", output("readelf", "-d", f"{library.root}{folder}/libkeel.so.{version}"))
        self.assertEqual(library.control("shlibs"), f"libkeel 0 libkeel0 (>= {version})\n")
        self.assertEqual(library.control("triggers"), "activate-noawait ldconfig\n")
        self.assertEqual(set(os.listdir(f"{library.root}/DEBIAN")), {"control", "md5sums", "shlibs", "triggers"})
        link = self.packages["libkeel-dev"].root + f"{folder}/libkeel.so"
        self.assertEqual(os.readlink(link), "libkeel.so.0")

    def test_development_files(self):
        package = self.packages["libkeel-dev"]
        headers = {os.path.basename(name) for name in package.below("/usr/include/keel/")}
        self.assertEqual(headers, set(os.listdir(f"{source}/lib/include/keel")))
        with open(f"{package.root}/usr/lib/{multiarch}/pkgconfig/keel.pc", encoding="utf-8") as file:
            self.assertIn(f"prefix=${{pcfiledir}}/../../..\nlibdir=${{prefix}}/lib/{multiarch}\n", file.read())
        self.assertTrue(package.below(f"/usr/lib/{multiarch}/cmake/keel/keelConfig.cmake"))

    def test_configuration_files(self):
        for package in self.packages.values():
            conffiles = set(package.control("conffiles").split())
            self.assertEqual(conffiles, package.below("/etc/"))
        self.assertEqual({f"/etc/keel/{name}.cfg" for name in PROGRAMS["keel-brokers"]},
                         self.packages["keel-brokers"].below("/etc/"))

    def test_units(self):
        package = self.packages["keel-brokers"]
        units = package.below("/lib/systemd/system/")
        scripts = {name: package.control(name) for name in ("postinst", "prerm", "postrm")}
        for daemon in PROGRAMS["keel-brokers"]:
            self.assertIn(f"/lib/systemd/system/{daemon}.service", units)
            self.assertIn(f"/lib/systemd/system/{daemon}@.service", units)
        for unit in units:
            with open(package.root + unit, encoding="utf-8") as file:
                for program, config in re.findall(r"^ExecStart=(\S+) --config (\S+)", file.read(), re.M):
                    self.assertIn(program, package.files)
                    self.assertIn(config.replace("-%i", ""), package.files)
            daemon = re.sub(r"@?\.[a-z]+$", "", os.path.basename(unit))
            for name, text in scripts.items():
                self.assertRegex(text, rf"\b{daemon}\b", f"{unit} is unknown to {name}")
        self.assertTrue(package.below("/usr/lib/sysusers.d/keel.conf"))
        self.assertTrue(package.below("/usr/lib/tmpfiles.d/keel.conf"))

    def test_scripts_are_sound(self):
        package = self.packages["keel-brokers"]
        scripts = [f"{package.root}/DEBIAN/{name}" for name in ("postinst", "prerm", "postrm")]
        for script in scripts:
            self.assertEqual(os.stat(script).st_mode & 0o777, 0o755)
            self.assertRegex(package.control(os.path.basename(script)), r"\A#!/bin/sh\n(#.*\n)*set -e\n")
            output("sh", "-n", script)
        if shutil.which("shellcheck"):
            checked = subprocess.run(["shellcheck", "-s", "sh", *scripts], check=False, capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
