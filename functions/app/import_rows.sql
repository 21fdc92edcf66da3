-- app.import_rows(p_table, p_rows, p_source): rows of an archive.
--
-- Wall:        a row of another tenant than p_source is refused like any row of another tenant.
-- Clone:       where p_source is not the tenant itself, ids are renamed.
-- digest:      of the rows as given, for comparison with what is there in the end.
-- Raises:      TN002 no import. 42501 a row of another tenant. 23503, 23505, 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION app.import_rows(
    p_table regclass,
    p_rows json,
    p_source uuid,
    OUT rows bigint,
    OUT digest numeric
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
    v_columns text;
    v_values text;
BEGIN
    SELECT
        string_agg(quote_ident(c.name), ', '),
        string_agg(format(CASE
            WHEN p_source = v_tenant_id THEN 'r.%1$I'
            WHEN c.is_id THEN 'tenancy_private.clone_id(r.%1$I, $3) AS %1$I'
            WHEN c.name = 'tenant_id'
                THEN 'CASE r.tenant_id WHEN $2 THEN $3 ELSE r.tenant_id END AS tenant_id'
            ELSE 'r.%1$I'
        END, c.name), ', ')
    INTO v_columns, v_values
    FROM tenancy_private.archive_columns(p_table) AS c;

    EXECUTE format(
        'WITH given AS MATERIALIZED '
        '(SELECT %3$s FROM json_populate_recordset(NULL::%1$s, $1) AS r), '
        'put AS (INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM given) '
        'SELECT count(*), coalesce(sum(hashtextextended(row_to_json(g)::text, 0)), 0) '
        'FROM given AS g', p_table, v_columns, v_values
    ) INTO rows, digest USING p_rows, p_source, v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION app.import_rows(regclass, json, uuid) IS
'Insert rows of an archive and return their number and digest. Raises TN002, 42501, 23503, 23505, 23514.';

ALTER FUNCTION app.import_rows(regclass, json, uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.import_rows(regclass, json, uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.import_rows(regclass, json, uuid)
TO tenancy_operator;
