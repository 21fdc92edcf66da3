"""Findings that a team accepts, for a reason and until a day: tenancy-waivers.toml.

[[waiver]]
check = "index_without_tenant"
object = "shop.gift_*"
reason = "GIN has no uuid; reviewed with the DBA"
expires = 2027-01-31
"""

import datetime
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import click

from tenancy.checks import Finding

DEFAULT = "tenancy-waivers.toml"


@dataclass(frozen=True)
class Waiver:
    """One entry of the file."""

    check: str
    object: str
    reason: str = ""
    expires: datetime.date | None = None

    @property
    def label(self) -> str:
        """The entry as it is named in findings."""
        return f"{self.check} {self.object}"

    def fault(self, today: datetime.date) -> tuple[str, str] | None:
        """Return the check and text of what is wrong with the entry itself."""
        if not self.reason.strip():
            return "waiver_without_reason", "it says no reason"
        if self.expires is None:
            return "waiver_without_expiry", "it does not expire"
        if self.expires < today:
            return "waiver_expired", f"it expired on {self.expires}"
        return None


def load(path: Path) -> list[Waiver]:
    """Read a file; what is not a waiver is refused in one line."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.ClickException(f"{path}: {error}") from error
    entries = content.pop("waiver", [])
    if content or not isinstance(entries, list):
        raise click.ClickException(f"{path}: only [[waiver]] tables belong here")
    return [_waiver(path, number, entry) for number, entry in enumerate(entries, 1)]


def _waiver(path: Path, number: int, entry: object) -> Waiver:
    wanted = {"check": str, "object": str, "reason": str, "expires": datetime.date}
    if not isinstance(entry, dict) or not {"check", "object"} <= entry.keys() <= wanted.keys():
        raise click.ClickException(
            f"{path}: waiver {number}: check, object, reason and expires, no more and no fewer"
        )
    for key, value in entry.items():
        if not isinstance(value, wanted[key]) or isinstance(value, datetime.datetime):
            kind = "a date such as 2027-01-31" if key == "expires" else "a text"
            raise click.ClickException(f"{path}: waiver {number}: {key} is not {kind}")
    return Waiver(**entry)


def find(path: Path | None) -> list[Waiver]:
    """Read the given file, or the one in the working directory where there is one."""
    if path is None and not Path(DEFAULT).exists():
        return []
    return load(path or Path(DEFAULT))


def apply(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: datetime.date | None = None
) -> list[Finding]:
    """Mark what is waived, and add a finding for each waiver that is not in order."""
    today = today or datetime.datetime.now(datetime.UTC).date()
    result, used = [], set()
    for finding in findings:
        for waiver in waivers:
            if waiver.check == finding.check and (
                waiver.object == finding.object or fnmatchcase(finding.object, waiver.object)
            ):
                used.add(waiver)
                if not waiver.fault(today):
                    finding = replace(finding, waived=f"{waiver.reason} (until {waiver.expires})")  # noqa: PLW2901
        result.append(finding)
    remedy = f"Correct the entry in {DEFAULT}, or remove it and what it hides."
    for waiver in waivers:
        if fault := waiver.fault(today):
            result.append(Finding("failure", fault[0], waiver.label, fault[1], remedy))
        if waiver not in used:
            text = "it matches no finding"
            result.append(Finding("warning", "waiver_unused", waiver.label, text, remedy))
    return result
