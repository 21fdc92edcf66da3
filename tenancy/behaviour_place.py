"""Probes of placement: schemas of tenants' own, what stands in them, and the way there and back."""

from psycopg import sql

from tenancy.behaviour import World, expect, one, probe, refused

_STATUS = "SELECT tenancy.set_tenant_status(%s, %s, 'to prove that a tenant moves')"
_MOVE = "SELECT tenancy.move_tenant(%s, %s, '5 s')"


@probe("provision_tenant_schema sync_tenant_schema schema_drift list_schemas sync_schema drift_of "
       "drift_ddl structure_ rehomed cloned_table own_schema_of home_schema schema_stamp "
       "drop_tenant_schema drop_schema tenant_schema list_backfill import_tenant "
       "begin_offboarding")  # fmt: skip
def _schemas(w: World) -> None:
    own, there = w.ids["own"], w.ids["dedicated"]
    make = "SELECT tenancy.provision_tenant_schema(%s)"
    sync, drop = "SELECT tenancy.sync_tenant_schema(%s)", "SELECT tenancy.drop_tenant_schema(%s)"
    drift = "SELECT count(*) FROM tenancy.schema_drift(%s)"
    # Never of a schema that was there: what a mutant changed in app would show as its drift, and a
    # look at the catalog is no behaviour.
    stale = "SELECT count(*) FROM tenancy.list_schemas(%s) WHERE tenant_id = %s"
    with w.connect("operator") as conn:
        conn.execute("SET LOCAL ROLE tenancy_operator")
        expect(one(conn, make, str(own)), f"t_{own.hex}", "a new schema")
        expect((one(conn, sync, own), one(conn, drift, own)), (0, 0), "what differs in it")
        expect((one(conn, stale, True, own), one(conn, stale, False, own)), (0, 1), "schemas")
        refused(conn, "TN004", "a schema for no tenant", make, "app")
        refused(conn, "TN001", "a schema for nobody", make, "00000000-0000-7000-8000-000000000000")
        refused(conn, "TN045", "the end of a schema in use", drop, there)
        conn.execute(drop, [own])
        expect(one(conn, stale, False, own), 0, "a schema that was dropped")
        conn.rollback()
        conn.execute("SELECT tenancy.enter_system(%s, 'to prove')", [own])
        for query, bind in ((make, (str(own),)), (sync, (there,)), (drift, (own,)), (drop, (there,)),
                            (stale, (False, own)), (_MOVE, (own, "shared")),
                            ("SELECT tenancy.list_backfill(%s)", ("prover",)),
                            ("SELECT tenancy.import_tenant(%s, %s)", ("{}", "prover-inside")),
                            ("SELECT tenancy.begin_offboarding(%s, 'proving')", (own,))):  # fmt: skip
            refused(conn, "TN002", f"from inside a tenant: {query}", query, *bind)
        conn.rollback()
    with w.connect("dba") as dba:
        dba.execute("SET LOCAL ROLE tenancy_operator")
        dba.execute(make, [str(own)])
        dba.execute("RESET ROLE")
        dba.execute("ALTER TABLE app.orders ADD COLUMN probed integer NOT NULL DEFAULT 7")
        dba.execute("SET LOCAL ROLE tenancy_operator")
        expect((one(dba, stale, True, own), one(dba, drift, own)), (1, 3), "a missing column")
        expect((one(dba, sync, own), one(dba, drift, own)), (3, 0), "a column that came")
        dba.rollback()


@probe("own_schema use_own_schema relation_for tg_refuse_misplaced _010_refuse_misplaced usage_of "
       "orders_between make_defaults tg_count_pin_comments home_schema tenant_table archive_t "
       "archive_columns")  # fmt: skip
def _in_its_own_schema(w: World) -> None:
    tenant, schema = w.ids["dedicated"], f"t_{w.ids['dedicated'].hex}"
    with w.connect("gateway") as conn:
        conn.execute("SELECT tenancy.enter(%s)", [w.keys["dedicated"]])
        expect(one(conn, "SELECT tenancy.own_schema()"), schema, "where the rows are")
        expect(one(conn, "SELECT count(*) > 0 FROM orders"), True, "orders by their bare name")
        for table in (t for t in w.tables if t.may("manager", "insert")):
            column = sql.Identifier(table.rules["manager", "insert"][1][0])
            text = "INSERT INTO {} ({}) SELECT NULL WHERE false"
            query = sql.SQL(text).format(table.ident, column).as_string(conn)
            refused(conn, "TN040", f"a row in {table.label}", query)
        pin = one(conn, "INSERT INTO pins (title) VALUES ('probed') RETURNING id")
        conn.execute("INSERT INTO pin_comments (pin_id, body) VALUES (%s, 'probed')", [pin])
        counted = "SELECT comment_count FROM pins WHERE id = %s"
        expect(one(conn, counted, pin), 1, "comments of a pin in the own schema")
        conn.rollback()
    with w.connect("operator") as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'export')", [tenant])
        listed = conn.execute("SELECT relation::oid, schema_name FROM tenancy.archive_tables()")
        found = listed.fetchall()
        expect({name for _, name in found}, {"app"}, "schemas in an archive")
        homes = (
            "SELECT count(*) FROM pg_class WHERE oid = ANY (%s) AND relnamespace = %s::regnamespace"
        )
        oids = [oid for oid, _ in found]
        expect(one(conn, homes, oids, schema), len(oids), "tables of an archive in the own schema")
        conn.rollback()
    with w.admin() as conn:
        expect(one(conn, "SELECT tenancy.reconcile_tenant(%s)", tenant), 0, "nothing is missing")
    with w.connect("dba") as dba:
        used = "SELECT pins FROM tenancy_private.usage_counter WHERE tenant_id = %s"
        dba.execute(
            "UPDATE tenancy_private.usage_counter SET pins = -1 WHERE tenant_id = %s", [tenant]
        )
        dba.execute("SELECT tenancy.enter_system(%s, 'to prove')", [tenant])
        dba.execute("SELECT tenancy.reconcile_usage(%s)", [tenant])
        dba.execute("RESET ROLE")
        pins = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, "pins"))
        expect(one(dba, used, tenant), one(dba, pins.as_string(dba)), "pins counted there")
        dba.rollback()


@probe("move_tenant begin_move move_tables move_rows wait_for_others delete_rows own_schema_of")
def _move(w: World) -> None:
    own = w.ids["own"]
    with w.connect("operator") as conn:
        conn.execute("SET LOCAL ROLE tenancy_operator")
        refused(conn, "TN041", "a move of a tenant that is not moving", _MOVE, own, "dedicated")
        refused(conn, "TN004", "a move to nowhere", _MOVE, own, "elsewhere")
        conn.execute(_STATUS, [own, "moving"])
        refused(conn, "TN041", "a move before moving is committed", _MOVE, own, "dedicated")
        conn.commit()
        try:
            _moving(w)
        finally:
            conn.rollback()
            conn.execute("SET LOCAL ROLE tenancy_operator")
            conn.execute(_STATUS, [own, "active"])
            conn.commit()


def _moving(w: World) -> None:
    own = w.ids["own"]
    with w.connect("dba") as dba:
        with w.inside("staff"):
            dba.execute("SET LOCAL ROLE tenancy_operator")
            query = "SELECT tenancy.move_tenant(%s, 'dedicated', '0.02 s')"
            refused(dba, "TN042", "a move while somebody is inside", query, own)
            dba.rollback()
        dba.execute("SET LOCAL ROLE tenancy_operator")
        moved = "SELECT sum(rows) FROM tenancy.move_tenant(%s, %s, '5 s')"
        rows = one(dba, moved, own, "dedicated")
        expect((bool(rows), one(dba, "SELECT tenancy.tenant_id()")), (True, None), "a move")
        left = "SELECT placement FROM tenancy.list_schemas() WHERE tenant_id = %s"
        expect(one(dba, left, own), "dedicated", "placement after a move")
        dba.execute("RESET ROLE")
        here = "SELECT count(*) FROM app.orders WHERE tenant_id = %s"
        expect(one(dba, here, own), 0, "orders that stayed behind")
        tables = (sql.Identifier(f"t_{own.hex}", t.name) for t in w.tables if t.schema == "app")
        dba.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
        dba.execute("SET LOCAL ROLE tenancy_operator")
        drop = "SELECT tenancy.drop_tenant_schema(%s)"
        refused(dba, "TN045", "the end of an empty schema in use", drop, own)
        dba.rollback()
        dba.execute("SET LOCAL ROLE tenancy_operator")
        dba.execute("SELECT tenancy.provision_tenant_schema(%s)", [str(own)])
        dba.execute("RESET ROLE")
        guests = sql.Identifier(f"t_{own.hex}", "guests").as_string(dba)
        dba.execute(
            f"INSERT INTO {guests} (tenant_id, full_name) VALUES (%s, 'stray')".encode(), [own]
        )
        dba.execute("SET LOCAL ROLE tenancy_operator")
        refused(dba, "TN043", "a copy that differs", _MOVE, own, "dedicated")
        refused(dba, "TN045", "the end of a schema with rows", drop, own)
        dba.rollback()
