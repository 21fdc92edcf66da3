-- app.open_rows(p_table): a cursor over the tenant's rows, as JSON.
--
-- Why definer: a job reads no table itself; the wall holds this function in the job's tenant.
-- Cursor:      rows leave one batch at a time, whatever their number.
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION app.open_rows(p_table regclass)
RETURNS refcursor
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows refcursor;
    v_columns text;
    v_key text;
BEGIN
    PERFORM tenancy_private.require_job('export');
    SELECT
        string_agg(quote_ident(c.name), ', '),
        string_agg(quote_ident(c.name), ', ') FILTER (WHERE c.is_key)
    INTO v_columns, v_key
    FROM tenancy_private.archive_columns(p_table) AS c;

    OPEN v_rows NO SCROLL FOR EXECUTE format(
        'SELECT row_to_json(r)::text FROM (SELECT %s FROM %s '
        'WHERE tenant_id = (SELECT tenancy.tenant_id())%s) AS r',
        v_columns, p_table, ' ORDER BY ' || v_key
    );
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.open_rows(regclass) IS
'Open a cursor over the rows of the tenant in order of the key, one JSON text each. Raises TN002.';

ALTER FUNCTION app.open_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.open_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.open_rows(regclass)
TO tenancy_operator;
