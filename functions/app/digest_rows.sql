-- app.digest_rows(p_table): what an import left in a table.
--
-- Why:         a trigger that changed imported rows would go unnoticed otherwise.
-- Raises:      TN002 no import.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION app.digest_rows(
    p_table regclass,
    OUT rows bigint,
    OUT digest numeric
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
BEGIN
    PERFORM tenancy_private.require_job('import');
    SELECT string_agg(quote_ident(c.name), ', ') INTO v_columns
    FROM tenancy_private.archive_columns(p_table) AS c;
    EXECUTE format(
        'SELECT count(*), coalesce(sum(hashtextextended(row_to_json(r)::text, 0)), 0) FROM '
        '(SELECT %s FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())) AS r',
        v_columns, p_table
    ) INTO rows, digest;
END;
$function$;

COMMENT ON FUNCTION app.digest_rows(regclass) IS
'Number and digest of the tenant''s rows, as app.import_rows() counts them. Raises TN002.';

ALTER FUNCTION app.digest_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.digest_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.digest_rows(regclass)
TO tenancy_operator;
