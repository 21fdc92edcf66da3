"""What every verb shares: where it connects, progress on stderr, one JSON object on stdout."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from tenancy.servers import Server

F = TypeVar("F", bound=Callable[..., Any])


def options(function: F) -> F:
    """Add --dsn and --json to a command."""
    function = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(
        function
    )
    return click.option(
        "--dsn", help="Server (default: the one `make up` keeps, else a throw-away one)."
    )(function)


def target(dsn: str | None) -> "Server":
    """Return the server to work on: the given one, the development server, or a throw-away one."""
    from tenancy import servers  # noqa: PLC0415

    if dsn:
        return servers.start(dsn)
    return servers.running() or servers.start()


def emit(
    *,
    ok: bool,
    summary: str,
    counts: Mapping[str, float],
    as_json: bool,
    **extra: Any,
) -> None:
    """Print the result of a verb; exit with 1 when it is not ok."""
    if as_json:
        click.echo(json.dumps({"ok": ok, "summary": summary, "counts": dict(counts), **extra}))
    else:
        click.echo(summary)
    if not ok:
        sys.exit(1)


@contextmanager
def progress() -> Iterator["Progress"]:
    """Show progress bars on a terminal; nothing elsewhere."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield bars
