-- app.move_rows(p_from, p_to): copy the tenant's rows of one table, and compare.
--
-- Why definer: a job reads no table itself; the wall holds this function in the job's tenant.
-- Raises:      TN002 no move. TN043 the copy differs.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION app.move_rows(p_from regclass, p_to regclass)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
    v_count text;
    v_rows bigint;
    v_copied bigint;
    v_digest numeric;
    v_copy numeric;
BEGIN
    PERFORM tenancy_private.require_job('move');
    SELECT string_agg(quote_ident(c.name), ', ') INTO v_columns
    FROM tenancy_private.archive_columns(p_from) AS c;
    v_count := format(
        'SELECT count(*), sum(hashtextextended(row_to_json(r)::text, 0)) '
        'FROM (SELECT %s FROM %%s WHERE tenant_id = (SELECT tenancy.tenant_id())) AS r', v_columns
    );

    EXECUTE format(
        'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s '
        'WHERE tenant_id = (SELECT tenancy.tenant_id())', p_to, v_columns, p_from
    );
    EXECUTE format(v_count, p_from) INTO v_rows, v_digest;
    EXECUTE format(v_count, p_to) INTO v_copied, v_copy;
    IF v_rows <> v_copied OR v_digest IS DISTINCT FROM v_copy THEN
        RAISE EXCEPTION '% and % differ after the copy', p_from, p_to USING
            ERRCODE = 'TN043', HINT = 'A trigger or rule changes rows, or rows were there before.';
    END IF;

    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.move_rows(regclass, regclass) IS
'Copy the rows of the tenant and return their number, proven by count and digest. Raises TN002, TN043.';

ALTER FUNCTION app.move_rows(regclass, regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.move_rows(regclass, regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.move_rows(regclass, regclass)
TO tenancy_kernel;
