"""A small generator of SQL over the protected tables, for what SQLsmith does not reach.

SQLsmith writes whole rows, which column grants refuse, and looks at few rows. This one joins and nests
freely, writes with the columns a role has, casts texts to what they are not (so that an error quotes
them), and names rows and tenants of others in parameters.
"""

import random
import re
from collections.abc import Callable

import psycopg

from tests.clients.random_sql import Statement

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL) AS type,
    has_column_privilege(%(role)s, c.oid, a.attnum, 'SELECT') AS can_read,
    has_column_privilege(%(role)s, c.oid, a.attnum, 'INSERT') AS can_insert,
    has_column_privilege(%(role)s, c.oid, a.attnum, 'UPDATE') AS can_update
FROM pg_class AS c INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""
_VALUES = {
    "uuid": "gen_random_uuid()",
    "text": "md5(random()::text)",
    "jsonb": "'{}'::jsonb",
    "integer": "(random() * 9)::int",
    "smallint": "(random() * 9)::smallint",
    "bigint": "(random() * 9)::bigint",
    "numeric": "1",
    "boolean": "random() < 0.5",
    "date": "current_date",
    "timestamp with time zone": "now()",
}


class Grammar:
    """Statements for one role; a seed makes the same ones."""

    def __init__(self, dsn: str, role: str, seed: int, foreign: list[str]) -> None:
        self.choose = random.Random(seed)
        self.foreign = foreign
        self.values: list[str] = []
        self.aliases = 0
        self.read: dict[str, list[tuple[str, str]]] = {}
        self.write: dict[str, dict[str, list[tuple[str, str]]]] = {"insert": {}, "update": {}}
        with psycopg.connect(dsn) as conn:
            rows = conn.execute(_COLUMNS, {"role": f"tenancy_{role}"}).fetchall()
        for table, column, type_, reads, inserts, updates in rows:
            for may, where in (
                (reads, self.read),
                (inserts, self.write["insert"]),
                (updates, self.write["update"]),
            ):
                if may:
                    where.setdefault(table, []).append((column, type_))

    def statements(self, count: int) -> list[Statement]:
        """Return so many statements."""
        return [self.statement() for _ in range(count)]

    def statement(self) -> Statement:
        """Return the next statement: three in four read."""
        self.values, self.aliases = [], 0
        kinds: list[Callable[[], str]] = [self.query] * 12 + [
            self.insert, self.update, self.delete, self.merge,
        ]  # fmt: skip
        text = self.choose.choice(kinds)()
        # Alternatives that were not chosen took numbers too.
        used = [*dict.fromkeys(int(n) for n in re.findall(r"\$(\d+)", text))]
        text = re.sub(r"\$(\d+)", lambda m: f"${used.index(int(m[1])) + 1}", text)
        return text, [self.values[n - 1] for n in used]

    # Reading --------------------------------------------------------------------------------------

    def query(self, depth: int = 0) -> str:
        """SELECT, perhaps of several SELECTs."""
        shape = self.choose.random()
        if depth == 0 and shape < 0.1:
            return f"EXPLAIN (ANALYZE, TIMING off, VERBOSE) {self.select(1)}"
        if depth == 0 and shape < 0.2:
            return f"WITH w AS MATERIALIZED ({self.select(1)}) SELECT w::text FROM w LIMIT 200"
        if shape < 0.3:
            op = self.choose.choice(["UNION ALL", "UNION", "EXCEPT", "INTERSECT"])
            table, other = (self.choose.choice([*self.read]) for _ in "12")
            return (
                f"SELECT * FROM (SELECT id, tenant_id FROM app.{table} {op} "
                f"SELECT id, tenant_id FROM app.{other}) AS u LIMIT 200"
            )
        return self.select(depth)

    def select(self, depth: int) -> str:
        """SELECT with joins, conditions and perhaps groups."""
        source, names = self.source(depth)
        if self.choose.random() < 0.2:
            aggregate = self.choose.choice(
                ["string_agg({}::text, ',')", "jsonb_agg({})", "max({}::text)", "count({})"]
            )
            outputs = [aggregate.format(self.column(names)), "count(*)"]
        else:
            outputs = [self.expression(names, depth) for _ in range(self.choose.randint(1, 4))]
        listed = ", ".join(f"{e} AS c{i}" for i, e in enumerate(outputs))
        limit = self.choose.choice([1, 20, 200])
        return f"SELECT {listed} FROM {source} WHERE {self.condition(names, depth)} LIMIT {limit}"

    def source(self, depth: int) -> tuple[str, dict[str, str]]:
        """One to three tables, joined with or without the tenant."""
        text, names = self.table()
        for _ in range(self.choose.choice([0, 0, 1, 1, 2])):
            joined, more = self.table()
            left, right = self.column(names, "uuid"), self.column(more, "uuid")
            old, new = self.choose.choice([*names]), next(iter(more))
            condition = self.choose.choice(
                [f"{left} = {right}", f"{old}.tenant_id = {new}.tenant_id",
                 f"{old}.tenant_id <> {new}.tenant_id", f"{old}.id <> {new}.id", "true"]
            )  # fmt: skip
            kind = self.choose.choice(["INNER", "LEFT", "RIGHT", "FULL"])
            if kind == "FULL":  # PostgreSQL wants a condition it can hash
                condition = f"{left} = {right}"
            text, names = f"{text} {kind} JOIN {joined} ON {condition}", names | more
        if depth < 2 and self.choose.random() < 0.2:
            inner = self.choose.choice([*names])
            text += f" CROSS JOIN LATERAL (SELECT {inner}.metadata::text AS seen) AS l{depth}"
        return text, names

    def table(self) -> tuple[str, dict[str, str]]:
        """Take a readable table under a new alias."""
        self.aliases += 1
        name, alias = self.choose.choice([*self.read]), f"t{self.aliases}"
        return f"app.{name} AS {alias}", {alias: name}

    def column(self, names: dict[str, str], type_: str = "") -> str:
        """Take a readable column of one of the aliases."""
        alias = self.choose.choice([*names])
        columns = [c for c, t in self.read[names[alias]] if type_ in {"", t}]
        return f"{alias}.{self.choose.choice(columns)}"

    def expression(self, names: dict[str, str], depth: int) -> str:
        """Take something to show: a column, a whole row, a window, a subquery."""
        alias, column = self.choose.choice([*names]), self.column(names)
        options = [
            column,
            f"{alias}.tenant_id",
            f"{alias}.metadata ->> 'canary'",
            f"to_jsonb({alias}.*)",
            f"{alias}::text",
            f"convert_to({column}::text, 'UTF8')",
            f"upper({column}::text)",
            f"count(*) OVER (PARTITION BY {alias}.tenant_id)",
            f"lag({column}::text) OVER (ORDER BY {alias}.id)",
        ]
        if depth < 2:
            table = self.choose.choice([*self.read])
            options += [
                f"(SELECT max({self.column({table: table})}::text) FROM app.{table})",
                f"(SELECT {self.column(names)}::text FROM app.{table} LIMIT 1)",
            ]
        if self.choose.random() < 0.15:  # an error that quotes what it could not cast
            return self.leak(names)
        return self.choose.choice(options)

    def leak(self, names: dict[str, str]) -> str:
        """Cast a text to what it is not: the error quotes it."""
        alias = self.choose.choice([*names])
        text = self.choose.choice([f"{alias}.metadata::text", f"{alias}::text"])
        return f"CAST({text} AS {self.choose.choice(['integer', 'uuid', 'inet', 'date'])})"

    def condition(self, names: dict[str, str], depth: int) -> str:
        """Take a condition, now and then one that asks for other tenants."""
        alias, column = self.choose.choice([*names]), self.column(names)
        table = self.choose.choice([*self.read])
        options = [
            "true",
            f"{column} IS NOT NULL",
            f"{self.column(names, 'uuid')} = {self.named()}",
            f"{alias}.tenant_id = {self.named()}",
            f"{alias}.tenant_id <> tenancy.tenant_id()",
            f"{alias}.tenant_id IS DISTINCT FROM tenancy.tenant_id() OR true",
            f"{self.leak(names)} IS NOT NULL",
        ]
        if depth < 2:
            options += [
                f"EXISTS (SELECT FROM app.{table} AS e WHERE e.tenant_id = {alias}.tenant_id)",
                f"{alias}.id NOT IN (SELECT e.id FROM app.{table} AS e)",
                f"{alias}.tenant_id = ANY (ARRAY(SELECT e.tenant_id FROM app.{table} AS e))",
            ]
        chosen = self.choose.choice(options)
        if self.choose.random() < 0.3:
            return f"({chosen}) {self.choose.choice(['AND', 'OR'])} {column} IS NOT NULL"
        return chosen

    def named(self) -> str:
        """Return a parameter that names a tenant, or a row, of somebody else."""
        self.values.append(self.choose.choice(self.foreign))
        return f"${len(self.values)}::uuid"

    # Writing --------------------------------------------------------------------------------------

    def value(self, column: str, type_: str) -> str:
        """Take a value for a column, now and then the id of somebody else."""
        if type_ == "uuid" and self.choose.random() < 0.5:
            return self.named()
        if column == "metadata":
            table = self.choose.choice([*self.read])
            return f"(SELECT e.metadata FROM app.{table} AS e LIMIT 1)"
        return _VALUES.get(type_, "NULL")

    def written(self, table: str, command: str) -> list[tuple[str, str]]:
        """Some of the columns a role may write; the tenant only now and then."""
        columns = self.write[command][table]
        some = self.choose.sample(columns, min(len(columns), self.choose.randint(1, 4)))
        return [c for c in some if c[0] != "tenant_id" or self.choose.random() < 0.3] or [
            columns[-1]
        ]

    def returning(self) -> str:
        """Return what was written, or nothing."""
        return self.choose.choice(["", "RETURNING id, tenant_id, metadata"])

    def insert(self) -> str:
        """INSERT of values or of a SELECT, with and without ON CONFLICT."""
        table = self.choose.choice([*self.write["insert"]])
        columns = self.written(table, "insert")
        # What NOT NULL wants, so that more than the constraint is tried.
        needed = [c for c in self.write["insert"][table] if c[0] in _NEEDED.get(table, ())]
        columns = [*dict.fromkeys([*columns, *needed])]
        names = ", ".join(c for c, _ in columns)
        values = ", ".join(self.value(*c) for c in columns)
        other = self.choose.choice([*self.read])
        body = self.choose.choice(
            [f"VALUES ({values})", f"SELECT {values} FROM app.{other} LIMIT 3"]
        )
        conflict = self.choose.choice(
            ["", "ON CONFLICT DO NOTHING",
             "ON CONFLICT (tenant_id, id) DO UPDATE SET metadata = excluded.metadata"]
        )  # fmt: skip
        return f"INSERT INTO app.{table} ({names}) {body} {conflict} {self.returning()}"

    def update(self) -> str:
        """UPDATE, also from another table."""
        table = self.choose.choice([*self.write["update"]])
        changed = ", ".join(f"{c} = {self.value(c, t)}" for c, t in self.written(table, "update"))
        other = self.choose.choice([*self.read])
        source = self.choose.choice(["", f"FROM app.{other} AS o"])
        condition = self.condition({"t": table}, 1)
        kept = "t.id, t.tenant_id, t.metadata" + (", o.metadata" if source else "")
        return f"UPDATE app.{table} AS t SET {changed} {source} WHERE {condition} RETURNING {kept}"

    def delete(self) -> str:
        """DELETE with another table."""
        table, other = (self.choose.choice([*self.read]) for _ in "12")
        condition = self.choose.choice(
            ["true", f"t.id = {self.named()}", f"t.tenant_id = {self.named()}", "t.id <> o.id"]
        )
        return (
            f"DELETE FROM app.{table} AS t USING app.{other} AS o WHERE {condition} "
            "RETURNING t.id, t.metadata, o.metadata"
        )

    def merge(self) -> str:
        """MERGE from another table."""
        table = self.choose.choice([*self.write["update"]])
        other = self.choose.choice([*self.read])
        column, type_ = self.choose.choice(self.write["update"][table])
        match = self.choose.choice(
            ["t.id = s.id", "t.tenant_id = s.tenant_id", f"t.id = {self.named()}", "true"]
        )
        return (
            f"MERGE INTO app.{table} AS t USING app.{other} AS s ON {match} "
            f"WHEN MATCHED THEN UPDATE SET {column} = {self.value(column, type_)}"
        )


_NEEDED = {
    "customers": ("full_name",),
    "orders": ("order_number",),
    "pins": ("title",),
    "pin_comments": ("pin_id", "body"),
    "analytics": ("event",),
    "survey_responses": ("survey",),
    "patients": ("full_name",),
    "bookings": ("service", "starts_at"),
    "guests": ("full_name",),
    "reservations": ("room", "arrival", "departure"),
    "storage_buckets": ("name",),
    "storage_objects": ("bucket_id", "path"),
}
