"""The attack catalogue as a terminal table and one self-contained HTML page."""

import sys
from html import escape

from tenancy.attack import GROUPS, Outcome, counts

_STYLES = {
    "blocked": "green",
    "detected": "cyan",
    "residual": "yellow",
    "leaks": "bold red",
    "broken": "bold red",
    "not run": "dim",
    "": "dim",
}


def table(outcomes: list[Outcome]) -> None:
    """Print both verdicts of every vector side by side, then what is unexpected or was not run."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table(title="Attacks on this database, and on a naive copy", expand=True)
    for heading, width in (("id", 7), ("attack", 0), ("here", 8), ("it answered", 0), ("naive", 7)):
        share = None if width else 1
        grid.add_column(
            heading, overflow="ellipsis", no_wrap=True, width=width or None, ratio=share
        )
    group = ""
    for o in outcomes:
        if o.vector.group != group:
            group = o.vector.group
            grid.add_section()
        control = "red" if o.naive == "leaks" else "green"
        grid.add_row(
            o.vector.id,
            o.vector.title,
            Text(o.verdict, style=_STYLES[o.verdict] if o.ok else "bold red"),
            Text(o.answer),
            Text(o.naive, style=control),
        )
    Console(file=sys.stdout).print(grid)
    for o in outcomes:
        if not o.ok:
            sys.stdout.write(f"unexpected: {o.vector.id}: {o.problem} ({o.answer})\n")
        elif o.verdict == "not run":
            sys.stdout.write(f"not run: {o.vector.id}: {o.answer}\n")


def html(outcomes: list[Outcome], *, server: str) -> str:
    """Return a page a security reviewer can keep: its script filters, and nothing is fetched."""
    figures = counts(outcomes)
    tiles = [
        (figures["vectors"], "vectors", "all"),
        (figures["blocked"], "blocked", "blocked"),
        (figures["detected"], "detected", "detected"),
        (figures["residual"], "residual", "residual"),
        (figures["unexpected"], "unexpected", "unexpected"),
    ]
    if figures["not_run"]:
        tiles.append((figures["not_run"], "not run", "not-run"))
    bad = figures["unexpected"]
    head = f"{bad} unexpected" if bad else "every answer is the expected one"
    naive = [o for o in outcomes if o.naive]
    control = (
        f"The same statements succeed on the naive copy in <b>{figures['naive_leaks']}</b> of "
        f"{len(naive)} vectors; in the others PostgreSQL itself refuses, and the vector says why "
        "it is kept."
        if naive
        else "The naive copy was not run."
    )
    groups = [
        (key, name) for key, name in GROUPS.items() if any(o.vector.group == key for o in outcomes)
    ]
    return _PAGE.format(
        head=head,
        state="bad" if bad else "good",
        server=escape(server),
        control=control,
        tiles="".join(
            f'<button class="tile {kind}" data-verdict="{kind}" '
            f'aria-pressed="{"true" if kind == "all" else "false"}">'
            f"<b>{number}</b>{name}</button>"
            for number, name, kind in tiles
        ),
        options="".join(f'<option value="{key}">{escape(name)}</option>' for key, name in groups),
        attackers="".join(
            f"<option>{who}</option>" for who in dict.fromkeys(o.vector.attacker for o in outcomes)
        ),
        body="".join(_group(key, name, outcomes) for key, name in groups),
    )


def _group(key: str, name: str, outcomes: list[Outcome]) -> str:
    mine = [o for o in outcomes if o.vector.group == key]
    rows = "".join(_vector(o) for o in mine)
    heading = f"<h2>{escape(name)} <small>{len(mine)}</small></h2>"
    return f'<section data-group="{key}">{heading}{rows}</section>'


def _vector(o: Outcome) -> str:
    v = o.vector
    verdict = "unexpected" if not o.ok else o.verdict.replace(" ", "-")
    badge = f'<span class="v {verdict}">{escape(o.verdict)}</span>'
    naive = f'<span class="n {o.naive}">naive: {escape(o.naive)}</span>' if o.naive else ""
    expected = v.expect + (f": {' or '.join(v.answer)}" if v.answer else "")
    facts = [
        ("Why", v.why),
        ("What would be a success", _WINS.get(v.wins, f"an answer that matches {v.wins[2:]}")),
        ("Expected", expected),
        ("This database answered", o.answer),
        ("The naive copy answered", o.naive_answer),
        ("Operator's remedy", v.remedy),
        ("Fixed from", ", ".join(v.floor)),
        ("Unexpected", o.problem),
    ]
    listed = "".join(
        f"<dt>{name}</dt><dd{' class=answer' if 'answered' in name else ''}>{escape(value)}</dd>"
        for name, value in facts
        if value
    )
    return (
        f'<details data-verdict="{verdict}" data-attacker="{v.attacker}" id="{v.id}">'
        f"<summary><code>{v.id}</code><span class=t>{escape(v.title)}</span>"
        f"<span class=a>{_WHO[v.attacker]}</span>{naive}{badge}</summary>"
        f"<div class=body><pre>{escape(v.text)}</pre><dl>{listed}</dl></div></details>"
    )


_WHO = {
    "user": "user of a tenant",
    "injected": "injected SQL",
    "login": "application's login",
    "staff": "staff against manager",
    "insider": "insider",
}
_WINS = {
    "canary": "another tenant's canary in a row, an error or a notice",
    "rows": "the last statement saw or changed a row",
    "any": "any of the statements saw or changed a row",
    "done": "the last statement was accepted",
    "true": "the last statement answered true",
    "differs": "the last two statements were answered differently",
    "error": "the last statement, another client's, failed",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Attack catalogue</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ --ink: #1f2430; --dim: #667085; --line: #e4e7ec; --paper: #fff; --wash: #f7f8fa;
  --green: #1a7f4b; --blue: #1f6feb; --amber: #a15c00; --red: #c62828; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e8ec; --dim: #98a2b3; --line: #323843;
  --paper: #14171c; --wash: #1c2027; --green: #4cc38a; --blue: #6ea8fe; --amber: #e0a458;
  --red: #ff7b72; }} }}
* {{ box-sizing: border-box; }}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 1100px; padding: 2.5rem 1.5rem 4rem; }}
h1 {{ font-size: 1.7rem; margin: 0 0 .25rem; letter-spacing: -.01em; }}
h1 span.bad {{ color: var(--red); }} h1 span.good {{ color: var(--green); }}
h2 {{ font-size: 1.05rem; margin: 2.2rem 0 .5rem; }}
h2 small {{ color: var(--dim); font-weight: 400; }}
p {{ color: var(--dim); max-width: 75ch; margin: .4rem 0; }} p b {{ color: var(--ink); }}
code, pre, dd.answer {{ font: 12.5px/1.55 ui-monospace, Menlo, Consolas, monospace; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.4rem 0 1rem; }}
.tile {{ font: inherit; color: var(--dim); text-align: left; min-width: 104px; cursor: pointer;
  background: var(--wash); border: 1px solid var(--line); border-radius: 10px; padding: .55rem .8rem; }}
.tile b {{ display: block; font-size: 1.5rem; line-height: 1.2; color: var(--ink); }}
.tile[aria-pressed=true] {{ border-color: currentColor; box-shadow: inset 0 0 0 1px currentColor; }}
.tile.blocked b, .v.blocked {{ color: var(--green); }}
.tile.detected b, .v.detected {{ color: var(--blue); }}
.tile.residual b, .v.residual {{ color: var(--amber); }}
.tile.unexpected b, .v.unexpected {{ color: var(--red); }}
.filter {{ display: flex; gap: .6rem; flex-wrap: wrap; position: sticky; top: 0; z-index: 1;
  background: var(--paper); padding: .6rem 0; border-bottom: 1px solid var(--line); }}
input, select {{ font: inherit; color: inherit; background: var(--paper); border-radius: 8px;
  border: 1px solid var(--line); padding: .4rem .6rem; }}
input {{ flex: 1 1 16rem; }}
output {{ align-self: center; color: var(--dim); min-width: 6.5em; text-align: right; }}
details {{ border: 1px solid var(--line); border-radius: 8px; margin: .3rem 0; }}
details[open] {{ background: var(--wash); }}
details[data-verdict=unexpected] {{ border-color: var(--red); }}
summary {{ display: flex; gap: .8rem; align-items: baseline; padding: .42rem .8rem; cursor: pointer;
  list-style: none; }}
summary::-webkit-details-marker {{ display: none; }}
summary code {{ color: var(--dim); flex: 0 0 4.6em; }}
.t {{ flex: 1; }} .a, .n {{ color: var(--dim); font-size: .82rem; white-space: nowrap; }}
.n {{ flex: 0 0 7.5em; text-align: right; }} .n.leaks {{ color: var(--red); }}
.v {{ flex: 0 0 5.2em; text-align: right; font-weight: 600; font-size: .86rem; }}
.v.not-run {{ color: var(--dim); }}
.body {{ padding: 0 .8rem .8rem; }}
pre {{ background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  margin: .2rem 0 .8rem; padding: .7rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere; }}
dl {{ display: grid; grid-template-columns: 13.5em 1fr; gap: .3rem 1rem; margin: 0; }}
dt {{ color: var(--dim); }} dd {{ margin: 0; overflow-wrap: anywhere; }}
@media (max-width: 700px) {{ .a, .n {{ display: none; }} dl {{ grid-template-columns: 1fr; }}
  dt {{ margin-top: .4rem; }} }}
@media print {{ .filter, .tiles {{ display: none; }} details {{ break-inside: avoid; }} }}
</style></head><body>
<h1>Attack catalogue: <span class="{state}">{head}</span></h1>
<p>{server}. Every vector was run by real logins against this database, filled with two tenants of its
own; what decides is what came back, not what the catalog says. {control}</p>
<p><b>Blocked</b>: refused, or nothing of another's was seen or changed. <b>Detected</b>: possible for
somebody with the right to it, and found by a check or in evidence they cannot remove.
<b>Residual</b>: a fact about PostgreSQL, with the operator's remedy. In the statements,
<code>{{a}}</code> is the attacker's tenant and <code>{{b}}</code> the victim's;
<code>{{b_customer}}</code> and the like are ids of rows; <code>{{token}}</code> is the victim's live
context; <code>/* ours */</code> and <code>/* naive */</code> mark what differs between the two.</p>
<div class="tiles">{tiles}</div>
<div class="filter"><input id="q" type="search" placeholder="Find in ids, titles, statements, answers"
aria-label="Find">
<select id="g" aria-label="Group"><option value="">All groups</option>{options}</select>
<select id="w" aria-label="Attacker"><option value="">All attackers</option>{attackers}</select>
<output id="c"></output></div>
{body}
<script>
const all = [...document.querySelectorAll('details')], tiles = [...document.querySelectorAll('.tile')];
const by = id => document.getElementById(id);
let verdict = 'all';
function show() {{
  const q = by('q').value.toLowerCase(), w = by('w').value, g = by('g').value;
  let n = 0;
  for (const d of all) {{
    const ok = (verdict === 'all' || d.dataset.verdict === verdict) && (!w || d.dataset.attacker === w)
      && (!g || d.parentElement.dataset.group === g) && (!q || d.textContent.toLowerCase().includes(q));
    d.hidden = !ok; n += ok;
  }}
  for (const s of document.querySelectorAll('section'))
    s.hidden = ![...s.querySelectorAll('details')].some(d => !d.hidden);
  by('c').value = n + ' of ' + all.length;
}}
for (const t of tiles) t.onclick = () => {{
  verdict = t.dataset.verdict;
  tiles.forEach(x => x.setAttribute('aria-pressed', x === t));
  show();
}};
for (const id of ['q', 'g', 'w']) by(id).oninput = show;
addEventListener('beforeprint', () => all.forEach(d => d.open = true));
if (location.hash) {{ const d = document.querySelector(location.hash); if (d) d.open = true; }}
show();
</script></body></html>
"""
