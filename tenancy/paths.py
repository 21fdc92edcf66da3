"""Where the SQL lies: in the checkout, or inside the installed package."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent

#: Folder that holds migrations/, functions/, policies/, sql/ and seeds/.
ROOT = _CHECKOUT if (_CHECKOUT / "migrations").is_dir() else _PACKAGE / "_db"
MIGRATIONS = ROOT / "migrations"
#: Work files that are never committed: development server, fetched binaries, reports.
STATE = Path(
    os.environ.get("TENANCY_STATE") or (_CHECKOUT if ROOT == _CHECKOUT else Path.cwd()) / ".tenancy"
)
