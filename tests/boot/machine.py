"""A Debian of its own: a root made by debootstrap, in which commands run, and which systemd-nspawn boots.

The bare root and what apt has fetched are kept in the build folder; a test works in a copy of it. The mirror is the one of this machine's
apt. Nothing is mounted from outside but read-only folders that the caller names, nspawn's mounts are in a namespace that goes with it, and
a booted machine has no network but its own loopback.
"""
import contextlib
import functools
import os
import shutil
import signal
import subprocess

import patience

SUITE = "bookworm"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive"}
NSPAWN = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit"]
#   A machine takes longer than a program to do what it is told.
eventually = functools.partial(patience.eventually, seconds=60)
TOOLS = ("debootstrap", "systemd-nspawn", "nsenter", "apt-get")


def missing():
    """What stands in the way of all this; None if nothing does."""
    if os.geteuid() != 0:
        return "only root can boot a machine"
    gone = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"there is no {', '.join(gone)}: systemd/install-deps.sh boot" if gone else None


def sources():
    """Where this machine's apt has the suite from: pairs of release and URI, the suite's own first."""
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Identifier: Packages"],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    found = sorted({(release, uri) for release, component, uri in [line.split() for line in lines if line]
                    if component == "main" and release in (SUITE, f"{SUITE}-updates", f"{SUITE}-security")})
    if not found or found[0][0] != SUITE:
        raise AssertionError(f"this machine's apt has no {SUITE}")
    return found


class Machine:
    def __init__(self, cache):
        self.cache = os.path.abspath(cache)
        self.root = f"{self.cache}/root"
        self.name = f"keel-boot-{os.getpid()}"
        self.nspawn = None          # the process that holds a booted machine
        self.init = None            # its process 1, as seen from outside
        self.folders = []           # pairs of a folder outside and where it is to be seen, to be read only

    def bootstrap(self):
        """Makes the root: a copy of the bare one, which is made when it is not there."""
        bare = f"{self.cache}/bare"
        os.makedirs(f"{self.cache}/archives/partial", exist_ok=True)
        if not os.path.exists(bare):
            found = sources()
            shutil.rmtree(f"{bare}.part", ignore_errors=True)
            subprocess.run(["debootstrap", "--variant=minbase", "--include=systemd-sysv,ca-certificates", SUITE, f"{bare}.part", found[0][1]],
                           check=True, stdout=subprocess.DEVNULL)
            with open(f"{bare}.part/etc/apt/sources.list", "w", encoding="ascii") as file:
                file.writelines(f"deb {uri} {release} main\n" for release, uri in found)
            os.rename(f"{bare}.part", bare)
        self.remove()
        subprocess.run(["cp", "-a", "--reflink=auto", bare, self.root], check=True)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def read(self, path):
        with open(self.root + path, encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(text)

    def _binds(self):
        return [f"--bind-ro={outside}:{inside}" for outside, inside in self.folders]

    def chroot(self, *command):
        """Runs a command in the root while nothing is booted, with this machine's network. Returns its output of both kinds."""
        binds = [f"--bind={self.cache}/archives:/var/cache/apt/archives", *self._binds()]
        settings = [f"--setenv={name}={value}" for name, value in ENVIRONMENT.items()]
        done = subprocess.run([*NSPAWN, f"--machine={self.name}", f"--directory={self.root}", "--resolv-conf=copy-host", "--pipe",
                               *binds, *settings, *command],
                              check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def apt_install(self, *packages):
        self.chroot("apt-get", "-qq", "update")
        return self.chroot("apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io", "install",
                           *packages)

    def boot(self):
        with open(f"{self.cache}/console.log", "wb") as console:
            self.nspawn = subprocess.Popen([*NSPAWN, f"--machine={self.name}", f"--directory={self.root}", "--private-network", "--boot",
                                            "--console=pipe", *self._binds()],
                                           stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        self.init = eventually(self._find_init, "an init process")
        eventually(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), "booted", seconds=120)

    def _find_init(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended, see {self.cache}/console.log")
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            with contextlib.suppress(OSError), open(f"/proc/{child}/comm", encoding="ascii") as file:
                if file.read().strip() == "systemd":
                    return child
        return None

    def entering(self, *command, only_network=False):
        """The command line of a command inside the booted machine, or of one outside that is in its network."""
        if only_network:
            return ["nsenter", "--target", self.init, "--net", *command]
        settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return ["nsenter", "--target", self.init, "--all", "--wdns=/", "env", "-i", *settings, *command]

    def run(self, *command, check=True, seconds=120, stdin=None):
        """Runs a command inside the booted machine. Returns the completed process, output of both kinds in stdout."""
        done = subprocess.run(self.entering(*command), check=False, text=True, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **({"input": stdin} if stdin else {"stdin": subprocess.DEVNULL}))
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
        return done

    def say(self, *command, **options):
        return self.run(*command, **options).stdout.strip()

    def power_off(self):
        """Ends the machine, in good order if it can, and takes away what nspawn has left outside."""
        if self.nspawn is None:
            return
        self.nspawn.terminate()             # nspawn asks init to power off
        try:
            self.nspawn.wait(90)
        except subprocess.TimeoutExpired:
            if self.init:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(self.init), signal.SIGKILL)
            self.nspawn.kill()
            self.nspawn.wait()
        self.nspawn = self.init = None
        with contextlib.suppress(OSError):
            os.rmdir(f"/run/systemd/nspawn/propagate/{self.name}")
