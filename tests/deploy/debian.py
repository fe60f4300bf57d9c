"""A Debian with nothing but what debootstrap installs, and one ordinary user. Needs root, Debian and debootstrap."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

USER = "reader"
CONFIGURED = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d",
    "etc/apt/auth.conf.d",
    "usr/local/share/ca-certificates",
)
"""How this machine reaches Debian, and whom it trusts."""

ENTER = """
mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc"
exec chroot --userspec="$1:$1" "$0" env -i HOME="/home/$1" LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive sh -c 'cd "$HOME" 2> /dev/null; eval "$0"' "$2"
"""
"""In namespaces of its own, so that nothing stays mounted, and nothing runs on."""


class CommandError(Exception):
    """A command failed; the message has the end of what it printed."""


@dataclass(frozen=True)
class Debian:
    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home" / USER

    def start(self, command: str, log: Path, user: str = USER) -> subprocess.Popen[bytes]:
        """Start a shell command in the user's home; `end` ends it."""
        inside = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", ENTER, str(self.root), user]
        with log.open("wb") as output:
            return subprocess.Popen([*inside, command], stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    @staticmethod
    def end(process: subprocess.Popen[bytes]) -> None:
        """End a process and all that it has started: the group has the first of the namespace, with which all end.

        `--kill-child` would not do: the kernel forgets it when the child becomes another user.
        """
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run(self, command: str, user: str = USER, seconds: float = 1800) -> str:
        """Run a shell command in the user's home and return what it prints.

        Raises:
            CommandError: its status is not 0.
        """
        log = self.root.with_suffix(".log")
        process = self.start(command, log, user)
        try:
            status = process.wait(seconds)
        finally:
            self.end(process)
        printed = log.read_text(errors="replace")
        if status:
            raise CommandError(f"{command}\nends with {status}:\n{printed[-3000:]}")
        return printed


@contextmanager
def bare_debian() -> Iterator[Debian]:
    """Make a Debian of this machine's release, from the mirror that its apt uses; it is removed after the block."""
    with tempfile.TemporaryDirectory(prefix="bare-debian-", dir="/var/tmp") as directory:
        root = Path(directory, "root")
        subprocess.run(["debootstrap", "--variant=minbase", _release(), root, _mirror()], check=True)
        for name in CONFIGURED:
            if Path("/", name).is_dir():
                shutil.copytree(Path("/", name), root / name, dirs_exist_ok=True)
            elif Path("/", name).exists():
                shutil.copy(Path("/", name), root / name)
        (root / "etc/apt/apt.conf").write_text(_output("apt-config", "dump", "Acquire"))
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        debian = Debian(root)
        debian.run(f"useradd --create-home --shell /bin/sh {USER} && apt-get update", user="root")
        yield debian


def _release() -> str:
    lines = (line.partition("=") for line in Path("/etc/os-release").read_text().splitlines())
    return next(value for name, _, value in lines if name == "VERSION_CODENAME")


def _mirror() -> str:
    """Return the address from which apt takes this release."""
    targets = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {_release()}")
    return _output(*targets).splitlines()[0]


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LANG": "C"}).stdout
