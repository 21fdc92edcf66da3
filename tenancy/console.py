"""What every verb shares: where it connects, progress on stderr, one JSON object on stdout."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from tenancy.servers import Server

F = TypeVar("F", bound=Callable[..., Any])


def options(function: F) -> F:
    """Add --dsn and --json to a command, as parameters `dsn` and `as_json`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
    where = "Server (default: the one `make up` keeps, else a throw-away one)."
    return click.option("--dsn", help=where, callback=_not_empty)(as_json(function))


def _not_empty(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty: give a connection string, or leave it out")
    return value


def target(dsn: str | None) -> "Server":
    """Return the server to work on: the given one, the development server, or a throw-away one."""
    from tenancy import servers  # noqa: PLC0415

    if dsn:
        return servers.start(dsn)
    return servers.standing() or servers.start()


def emit(
    ok: bool,
    summary: str,
    counts: Mapping[str, float],
    *,
    as_json: bool | None = None,
    **extra: object,
) -> None:
    """Print the result of a verb; exit with 1 when it is not ok.

    One line, or with --json (of the running verb, unless `as_json` says) one object and no more.
    """
    if as_json is None:
        context = click.get_current_context(silent=True)
        as_json = bool(context and context.params.get("as_json"))
    result = {"ok": ok, "summary": summary, "counts": dict(counts), **extra}
    click.echo(json.dumps(result, default=str) if as_json else summary)
    if not ok:
        sys.exit(1)


def stderr() -> "Console":
    """Return a rich console beside stdout, which belongs to results."""
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=True)


@contextmanager
def progress(*, eta: bool = False) -> Iterator["Progress"]:
    """Show progress bars on a terminal, with the time that is left if `eta`; nothing elsewhere."""
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    columns: list[ProgressColumn] = [TextColumn("{task.description:<28}"), BarColumn()]
    columns.append(TimeElapsedColumn())
    if eta:
        columns += [MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn()]
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield bars
