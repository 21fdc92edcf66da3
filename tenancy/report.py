"""The policy matrix as a terminal table, JUnit XML and one self-contained HTML page."""

import html as markup
import sys
from collections import Counter
from xml.etree import ElementTree

from tenancy import surface
from tenancy.matrix import ACTIONS, CONTEXTS, ROLES, Result
from tenancy.surface import Cell

_COLOURS = {"allowed": "#2e7d32", "empty": "#90a4ae", "refused": "#455a64", "wrong": "#d50000"}


def _kind(cell: Cell) -> str:
    if not cell.ok:
        return "wrong"
    return cell.verdict if cell.verdict in {"allowed", "empty"} else "refused"


def _tables(result: Result) -> list[str]:
    return sorted({c.table for c in result.cells if c.context != "privilege"})


def table(result: Result) -> None:
    """Print one line per table and role: how many cells were allowed, empty, refused, wrong."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415

    grid = RichTable(title="Policy matrix: cells allowed / empty / refused")
    for heading in ("table", *ROLES):
        grid.add_column(heading, no_wrap=True)
    for name in _tables(result):
        row = []
        for role in ROLES:
            kinds = Counter(_kind(c) for c in result.cells if (c.table, c.role) == (name, role))
            text = f"{kinds['allowed']}/{kinds['empty']}/{kinds['refused']}"
            row.append(text + (f" [bold red]{kinds['wrong']} wrong" if kinds["wrong"] else ""))
        grid.add_row(name, *row)
    out = Console(file=sys.stdout)
    out.print(grid)
    rest = Counter(_kind(c) for c in result.cells if c.context == "privilege")
    out.print(
        f"privileges on every table, function and schema: {rest['allowed']} granted by design, "
        f"{rest['refused']} refused, {rest['wrong']} wrong"
    )
    for cell in (result.unexpected + result.not_run)[:20]:
        sys.stdout.write(
            f"{cell.table} {cell.role} {cell.action} {cell.context}: "
            f"expected {cell.expected}, got {cell.verdict}\n"
        )


def junit(result: Result) -> str:
    """Return JUnit XML: one test case per cell."""
    suite = ElementTree.Element(
        "testsuite",
        name="policy matrix",
        tests=str(len(result.cells)),
        failures=str(len(result.unexpected) + len(result.not_run)),
    )
    for cell in result.cells:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{cell.table}.{cell.role}",
            name=f"{cell.action}[{cell.context}]",
        )
        if not cell.ok:
            message = f"expected {cell.expected}, got {cell.verdict}"
            ElementTree.SubElement(case, "failure", message=message)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def html(result: Result) -> str:
    """Return a heat map a security reviewer can read: no script, no outside resource."""
    cells = {(c.table, c.role, c.action, c.context): c for c in result.cells}
    kinds = Counter(_kind(c) for c in result.cells)
    head = "".join(f'<th colspan="{len(CONTEXTS)}">{a.replace("_", " ")}</th>' for a in ACTIONS)
    sub = "".join(f'<th class="c">{c[:2]}</th>' for _ in ACTIONS for c in CONTEXTS)
    body = []
    for name in _tables(result):
        for i, role in enumerate(ROLES):
            first = (
                f'<th class="t" rowspan="{len(ROLES)}">{markup.escape(name)}</th>' if not i else ""
            )
            row = "".join(
                _square(cells.get((name, role, action, context)), context)
                for action in ACTIONS
                for context in CONTEXTS
            )
            body.append(f'<tr{"" if i else " class=f"}>{first}<th class="r">{role}</th>{row}</tr>')
    legend = "".join(
        f'<span class="k" style="background:{colour}"></span>{kind} {kinds[kind]} '
        for kind, colour in _COLOURS.items()
    )
    verdict = "as promised" if not kinds["wrong"] else f"{kinds['wrong']} cells are wrong"
    return _PAGE.format(
        total=len(result.cells),
        verdict=verdict,
        legend=legend,
        head=head,
        sub=sub,
        body="".join(body),
        roles="".join(f"<th>{role}</th>" for role in surface.ROLES),
        privileges=_privileges(result),
    )


def _privileges(result: Result) -> str:
    """Return a row for each thing: what each role may do with all of it."""
    found: dict[str, dict[str, list[str]]] = {}
    for cell in (c for c in result.cells if c.context == "privilege"):
        roles = found.setdefault(cell.table, {})
        if cell.verdict == "allowed" or not cell.ok:
            wrong = "" if cell.ok else ' class="w"'
            roles.setdefault(cell.role, []).append(f"<span{wrong}>{cell.action}</span>")
    return "".join(
        f"<tr><th>{markup.escape(name)}</th>"
        + "".join(f"<td>{', '.join(roles.get(r, ()))}</td>" for r in surface.ROLES)
        + "</tr>"
        for name, roles in sorted(found.items())
    )


def _square(cell: Cell | None, context: str) -> str:
    group = ' class="g"' if context == CONTEXTS[-1] else ""
    if cell is None:
        return f"<td{group}></td>"
    title = f"{cell.role} · {cell.action} · {cell.context}: {cell.verdict}" + (
        "" if cell.ok else f", expected {cell.expected}"
    )
    return f'<td{group} style="background:{_COLOURS[_kind(cell)]}" title="{markup.escape(title)}"></td>'


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Policy matrix</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; }}
table {{ border-collapse: collapse; }}
th {{ font-weight: 500; font-size: 11px; padding: 2px 4px; text-align: left; }}
th.t {{ vertical-align: top; font-weight: 600; padding-top: 4px; }}
th.c {{ font-size: 8px; color: #777; padding: 0; text-align: center; }}
td {{ width: 11px; height: 13px; padding: 0; border: 1px solid #fff; }}
td.g {{ border-right: 5px solid #fff; }}
tr.f > * {{ border-top: 3px solid #fff; }}
table.p td {{ width: auto; height: auto; padding: 1px 6px 1px 0; font-size: 11px; }}
.w {{ color: #d50000; font-weight: 700; }}
.k {{ display: inline-block; width: 12px; height: 12px; margin: 0 4px 0 14px; }}
</style>
<h1>Policy matrix: {total} cells, {verdict}</h1>
<p>Every protected table, role, action and context was tried as the application's own login, in a
transaction that was rolled back, and compared with <code>tenancy.access_matrix</code>. Hover over a
square for the answer. Contexts, left to right: <b>own</b> tenant, a row of the <b>other</b> tenant,
<b>no</b> context, a <b>su</b>spended tenant's credential, a <b>fo</b>rged (stolen) context, another
person (<b>st</b>ranger) of the own tenant. <i>empty</i> means the row exists and was not seen;
<i>login</i>, <i>console</i> and <i>operator</i> are the logins without a tenant role, <i>owner</i> a
definer function of the table's owner. <code>lock</code> is allowed wherever DELETE is: a fact about
PostgreSQL, see the threat model.</p>
<p>{legend}</p>
<table><thead><tr><th></th><th></th>{head}</tr><tr><th></th><th></th>{sub}</tr></thead>
<tbody>{body}</tbody></table>
<h2>Privileges on the whole of everything</h2>
<p>Each privilege on each table, function, schema and the database was used by each role; what is named
is granted by design, and everything else was refused.</p>
<table class="p"><thead><tr><th></th>{roles}</tr></thead><tbody>{privileges}</tbody></table>
</html>
"""
