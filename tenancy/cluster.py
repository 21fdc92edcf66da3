"""A PostgreSQL data directory of ours: where it lies, who runs it, and how it is made."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tenancy.binaries import ServerUnavailable

PREFIX = "tenancy-"
_SHM, _TMP, _VAR_TMP = Path("/dev/shm"), Path("/tmp"), Path("/var/tmp")  # noqa: S108
_ROOMY = 2**30
_LONGEST = 90  # of a run directory: the path of a socket in it ends at 107 bytes

#: Data that are thrown away need not survive a power cut.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "jit": "off",  # only some builds have it: plans would differ by where they ran
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "listen_addresses": "",
    "port": "5432",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
#: A developer's data should: a killed server then starts again where it was.
DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}


class Cluster:
    """The data directory at `base`/run/data, and how to run PostgreSQL's programs on it."""

    def __init__(self, base: Path, bindir: Path) -> None:
        self.base, self.bindir = base, bindir
        self.run = base / "run"
        self.data = self.run / "data"
        self.log = self.run / "server.log"
        self.user = unprivileged()
        if self.user and not is_reachable(base):
            raise ServerUnavailable(f"{base.parent} is closed to other users: set TENANCY_TMP")
        if len(str(self.run)) > _LONGEST:
            raise ServerUnavailable(f"{base.parent} is too long for a socket: set TENANCY_TMP")
        # Neither PGDATA nor PGPORT of the caller may reach the server.
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.how: dict[str, Any] = {
            "cwd": "/",  # ours may be closed to the server's user
            "env": {**env, "HOME": str(self.run), "LC_ALL": "C"},
            "stdin": subprocess.DEVNULL,
            **self.user,
        }

    def needs_copy(self) -> bool:
        """Return whether the server's user cannot reach the programs."""
        return bool(self.user) and not is_reachable(self.bindir)

    def copy_programs(self, place: Path) -> None:
        """Use a copy of the programs, which find their libraries by $ORIGIN/../lib."""
        for part in ("bin", "lib", "share"):
            if (source := self.bindir.parent / part).is_dir():
                shutil.copytree(source, place / "pg" / part, symlinks=True)
        for path in (place / "pg", *(place / "pg").rglob("*")):
            os.chown(path, self.user["user"], self.user["group"], follow_symlinks=False)
        self.bindir = place / "pg" / "bin"

    def create(self, settings: Mapping[str, str]) -> None:
        """Initialise the data directory."""
        self.run.mkdir(0o700)
        try:
            if self.user:
                os.chown(self.run, self.user["user"], self.user["group"])
            self.call(
                "initdb",
                "--username=postgres",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",  # should somebody open TCP, it asks for a password
                "--encoding=UTF8",
                f"--locale={'C.UTF-8' if sys.platform == 'linux' else 'C'}",
                "--no-sync",
                "--no-instructions",
            )
        except PermissionError as error:
            if str(error.filename) == str(self.bindir / "initdb"):
                raise ServerUnavailable(
                    f"programs may not run in {self.bindir} (mounted noexec?): set TENANCY_TMP to a "
                    "directory where they may, or keep the checkout where other users reach it"
                ) from error
            raise ServerUnavailable(
                "root may not change user here (no CAP_SETUID and CAP_CHOWN): run as an ordinary "
                "user, or set TENANCY_DSN"
            ) from error
        conf = configuration({"unix_socket_directories": str(self.run), **settings})
        quoted = {key: value.replace("'", "''") for key, value in conf.items()}
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in quoted.items())

    def call(self, program: str, *arguments: str | Path) -> None:
        """Run a program to its end."""
        command = [self.bindir / program, "-D", self.data, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self.how)
        if done.returncode:
            output = self.log.read_text(errors="replace") if self.log.exists() else done.stderr
            raise ServerUnavailable(f"{program} failed: {complaint(output)}")


def configuration(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the fast settings with others over them."""
    conf = {**FAST, **settings}
    if conf["wal_level"] == "minimal":
        conf.setdefault("max_wal_senders", "0")  # the one refuses to start without the other
    if not _shm_is_roomy():
        conf.setdefault("dynamic_shared_memory_type", "mmap")  # for parallel queries
    return conf


def complaint(output: str) -> str:
    """Return the end of a program's output as one line: the error, and what led to it or a hint."""
    lines = output.strip().splitlines() or ["it said nothing"]
    return "; ".join(re.sub(r"^.*?(?:LOG|FATAL|error): +", "", line) for line in lines[-2:])


# PostgreSQL refuses to run as root ----------------------------------------------------------------


def unprivileged() -> dict[str, Any]:
    """Return keywords for subprocess that drop root; none for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    wanted = os.environ.get("TENANCY_RUN_AS")
    for name in (wanted,) if wanted else ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise ServerUnavailable(
        f"root needs another user to run PostgreSQL, and there is no {wanted or 'nobody'}: "
        "set TENANCY_RUN_AS"
    )


def is_reachable(path: Path) -> bool:
    """Return whether any user may traverse to a path: below a home of mode 0700 nobody may."""
    path = path.resolve()
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


# Where data lie, and whose they are ---------------------------------------------------------------


def place_for_data() -> Path:
    """Return RAM when there is plenty: CREATE DATABASE takes 20 ms there, up to 700 ms on disk."""
    return _chosen_place() or (_SHM if _shm_is_roomy() else _TMP)


def place_for_programs() -> Path:
    """Return a place on disk: /dev/shm is often mounted noexec."""
    return _chosen_place() or _TMP


def lasting_place(wanted: Path) -> Path:
    """Return `wanted`, or where files last when the server's user or a socket cannot go there."""
    fits = len(str(wanted)) < _LONGEST - len("/tenancy-dev-12345678/run")
    if fits and (os.geteuid() != 0 or is_reachable(wanted)):
        return wanted
    return _VAR_TMP if _VAR_TMP.is_dir() else _TMP


def _chosen_place() -> Path | None:
    place = os.environ.get("TENANCY_TMP")
    return Path(place).resolve() if place else None


def _shm_is_roomy() -> bool:
    with suppress(OSError):
        return shutil.disk_usage(_SHM).free > _ROOMY
    return False


def scratch(place: Path) -> Path:
    """Return a new directory that says whose it is."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    except OSError as error:
        raise ServerUnavailable(f"{place}: {error.strerror}: set TENANCY_TMP") from error
    (folder / "owner.pid").write_text(f"{os.getpid()} {birth(os.getpid())}")
    folder.chmod(0o711)
    return folder


def sweep() -> None:
    """Remove what killed processes left: their servers died with them, their files did not."""
    for folder in {f for p in (place_for_data(), _TMP, _SHM) for f in p.glob(PREFIX + "*")}:
        with suppress(OSError, ValueError):
            if folder.stat().st_uid == os.geteuid():
                pid, born = (folder / "owner.pid").read_text().split()
                if birth(int(pid)) != born:
                    _remove(folder)


def _remove(folder: Path) -> None:
    """Keep owner.pid while there is anything else: what a dying server still writes goes later."""
    for child in folder.iterdir():
        if child.name != "owner.pid":
            shutil.rmtree(child, ignore_errors=True)
    if [child.name for child in folder.iterdir()] == ["owner.pid"]:
        shutil.rmtree(folder, ignore_errors=True)


def birth(pid: int) -> str:
    """Return when a process began, empty when it is gone: with the pid, a name never used twice."""
    with suppress(OSError, IndexError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state == "Z" else fields[18]
    return ""
