-- include: sql/borrow.sql
-- Take the owner roles for the length of this transaction; sql/return.sql gives them back.
-- A superuser needs none. On PostgreSQL 16 and later this takes ADMIN OPTION on each role, which
-- its creator has; `tenancy migrate --preflight` prints the GRANT that is missing otherwise.

DO $borrow$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'] LOOP
        IF NOT pg_catalog.pg_has_role(current_user, v_role, 'USAGE') THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', v_role, current_user);
        END IF;
    END LOOP;
END;
$borrow$;

-- clear: functions/tenancy/protection_ddl.sql
DROP FUNCTION tenancy.protection_ddl(regclass);

-- drop: functions/tenancy/door_ddl.sql
DROP FUNCTION tenancy.door_ddl(regclass);

-- drop: functions/tenancy/grant_ddl.sql
DROP FUNCTION tenancy.grant_ddl(regclass);

-- drop: functions/tenancy/lead_key_with_tenant.sql
DROP FUNCTION tenancy.lead_key_with_tenant(regclass);

-- drop: functions/tenancy/wall_ddl.sql
DROP FUNCTION tenancy.wall_ddl(regclass);

-- drop: functions/tenancy/revoke_jwt_issuer.sql
DROP FUNCTION tenancy.revoke_jwt_issuer(text, text);

-- include: functions/tenancy/add_tenant_column.sql
-- tenancy.add_tenant_column(p_table, p_is_filled): tenant_id, and a key that starts with it.
--
-- Filled:      rows get no tenant by guessing; the error carries the recipe.
-- Raises:      TN007 the table has rows and no tenant_id, or rows whose tenant_id is NULL.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.add_tenant_column(p_table regclass, p_is_filled boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has_column boolean := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'tenant_id'
    );
    v_rows_without_tenant boolean := p_is_filled;
    v_key record;
BEGIN
    IF v_has_column THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id IS NULL)', p_table)
        INTO v_rows_without_tenant;
    END IF;
    IF v_rows_without_tenant THEN
        RAISE EXCEPTION '% has rows without a tenant', p_table USING
            ERRCODE = 'TN007',
            HINT = format('ALTER TABLE %s ADD IF NOT EXISTS tenant_id uuid; UPDATE %1$s SET '
                'tenant_id = … in batches; then protect_table again.', p_table);
    END IF;

    IF NOT v_has_column THEN
        EXECUTE format('ALTER TABLE %s ADD tenant_id uuid', p_table);
    END IF;
    EXECUTE format(
        'ALTER TABLE %s ALTER tenant_id SET DEFAULT tenancy.tenant_id(), '
        'ALTER tenant_id SET NOT NULL', p_table
    );

    SELECT k.conname, string_agg(quote_ident(a.attname), ', ' ORDER BY u.place) AS columns
    INTO v_key
    FROM pg_constraint AS k
    CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND u.attnum = a.attnum
    WHERE k.conrelid = p_table AND k.contype = 'p'
      AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table)
    GROUP BY k.conname
    HAVING NOT bool_or(a.attname = 'tenant_id');
    IF FOUND AND NOT p_is_filled THEN
        EXECUTE format(
            'ALTER TABLE %s DROP CONSTRAINT %I, ADD PRIMARY KEY (tenant_id, %s)',
            p_table, v_key.conname, v_key.columns
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.add_tenant_column(regclass, boolean) IS
'Step of tenancy.protect_table(): tenant_id NOT NULL with its default, and the key of an empty table. Raises TN007.';

ALTER FUNCTION tenancy.add_tenant_column(regclass, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.add_tenant_column(regclass, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.add_tenant_column(regclass, boolean)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/protection_ddl.sql
-- tenancy.protection_ddl(p_table): the statements that protect a registered table.
--
-- One shape:   policies/app/*.sql and tenancy.protect_table() are this text, so that the wall and
--              the doors read the same on every table.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.protection_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT
            p.subject_column,
            p.server_columns,
            format('%I.%I', p.schema_name, p.table_name) AS name,
            p.schema_name || '.' || p.table_name AS resource,
            pg_get_userbyid(c.relowner) AS owner
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    ),

    door AS (
        SELECT
            m.row_scope || '_' || m.command AS name,
            upper(m.command) AS command,
            string_agg(r.database_role, ', ' ORDER BY r.rank) AS roles,
            CASE m.row_scope
                WHEN 'tenant' THEN 'true'
                ELSE format('%I = (SELECT tenancy.actor_id())', t.subject_column)
            END AS rule
        FROM tenancy.access_matrix AS m
        INNER JOIN target AS t ON m.resource = t.resource
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        GROUP BY m.row_scope, m.command, t.subject_column
    ),

    column_list AS (
        SELECT
            upper(m.command) AS command,
            r.rank,
            r.database_role,
            string_agg(quote_ident(a.attname), E',\n    ' ORDER BY a.attnum) AS columns
        FROM tenancy.access_matrix AS m
        INNER JOIN target AS t ON m.resource = t.resource
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        INNER JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attnum > 0
        WHERE NOT a.attisdropped
          AND (a.attname = ANY (m.columns) OR m.columns IS NULL)
          AND (m.command = 'select'
              OR (a.attgenerated = '' AND NOT a.attname = ANY (t.server_columns)))
          AND (m.command <> 'update' OR a.attname <> 'tenant_id')
        GROUP BY m.command, r.rank, r.database_role
    ),

    granted AS (
        SELECT
            c.command,
            CASE WHEN c.command <> 'DELETE' THEN c.columns END AS columns,
            string_agg(c.database_role, ', ' ORDER BY c.rank) AS roles
        FROM column_list AS c
        GROUP BY c.command, CASE WHEN c.command <> 'DELETE' THEN c.columns END
    )

    SELECT s.text
    FROM (
        SELECT 10 AS line, format('DROP POLICY IF EXISTS %s ON %s;', x.name, t.name) AS text
        FROM target AS t
        CROSS JOIN unnest(ARRAY[
            'tenant_wall', 'owner_door',
            'tenant_select', 'tenant_insert', 'tenant_update', 'tenant_delete',
            'subject_select', 'subject_insert', 'subject_update', 'subject_delete'
        ]) AS x (name)
        UNION ALL
        SELECT 20, format(E'ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n'
            'ALTER TABLE %1$s FORCE ROW LEVEL SECURITY;', t.name)
        FROM target AS t
        UNION ALL
        SELECT 30, format(E'CREATE POLICY tenant_wall ON %s AS RESTRICTIVE FOR ALL TO public\n'
            'USING (tenant_id = (SELECT tenancy.tenant_id()))\n'
            'WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));', t.name)
        FROM target AS t
        UNION ALL
        SELECT 31, format(E'COMMENT ON POLICY tenant_wall ON %s IS\n'
            '%L;', t.name, 'Restrictive: no permissive policy added later can cross tenants.')
        FROM target AS t
        UNION ALL
        SELECT 40, format('CREATE POLICY owner_door ON %s TO %I USING (true);', t.name, t.owner)
        FROM target AS t
        UNION ALL
        SELECT 41, format(E'COMMENT ON POLICY owner_door ON %s IS\n'
            '%L;', t.name, 'Definer functions of the owner work, and only inside the tenant.')
        FROM target AS t
        UNION ALL
        SELECT 50, format(E'CREATE POLICY %s ON %s FOR %s\nTO %s%s%s;', d.name, t.name, d.command,
            d.roles,
            CASE WHEN d.command <> 'INSERT' THEN format(E'\nUSING (%s)', d.rule) END,
            CASE WHEN d.command IN ('INSERT', 'UPDATE')
                THEN format(E'\nWITH CHECK (%s)', d.rule) END)
        FROM door AS d CROSS JOIN target AS t
        UNION ALL
        SELECT 60, format(E'REVOKE ALL ON %s\nFROM public, %s;', t.name,
            (SELECT string_agg(r.database_role, ', ' ORDER BY r.rank)
                FROM tenancy.tenant_role AS r))
        FROM target AS t
        UNION ALL
        SELECT 70, CASE g.command
            WHEN 'DELETE' THEN format('GRANT DELETE ON %s TO %s;', t.name, g.roles)
            ELSE format(E'GRANT %s (\n    %s\n) ON %s\nTO %s;', g.command, g.columns, t.name,
                g.roles)
        END
        FROM granted AS g CROSS JOIN target AS t
    ) AS s
    ORDER BY s.line, s.text;
$function$;

COMMENT ON FUNCTION tenancy.protection_ddl(regclass) IS
'Statements that give a registered table its wall, doors and column grants, in order.';

ALTER FUNCTION tenancy.protection_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: sql/return.sql
-- Give back what sql/borrow.sql took: no membership in an owner role outlives the migration.
-- Only grants that the current user made to themself are revoked, never those of somebody else.

DO $return$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS r ON m.roleid = r.oid
        WHERE m.member = m.grantor
          AND pg_catalog.pg_get_userbyid(m.member) = current_user
          AND r.rolname IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
    LOOP
        EXECUTE pg_catalog.format('REVOKE %I FROM %I', v_role, current_user);
    END LOOP;
END;
$return$;
