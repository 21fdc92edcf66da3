-- app.delete_rows(p_tables, p_limit): delete rows of the tenant.
--
-- Several:     tables that reference each other are emptied by one statement, whatever p_limit is:
--              a foreign key is checked at its end. So is a table that references itself.
-- Raises:      TN002 neither a purge nor an import.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION app.delete_rows(p_tables regclass[], p_limit integer)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_bounded boolean := p_limit IS NOT NULL AND cardinality(p_tables) = 1 AND NOT EXISTS (
        SELECT
        FROM pg_constraint AS k
        WHERE k.contype = 'f' AND p_tables[1] = k.conrelid AND k.conrelid = k.confrelid
    );
    v_deletes text;
    v_counts text;
BEGIN
    IF NOT tenancy.is_lifecycle_job() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'tenancy.purge_tenant_batch() deletes tenants.';
    END IF;

    SELECT
        string_agg(format(
            'd%s AS (DELETE FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())%s RETURNING 1)',
            t.number, t.name, CASE WHEN v_is_bounded THEN format(
                ' AND ctid = ANY (ARRAY(SELECT ctid FROM %s '
                'WHERE tenant_id = (SELECT tenancy.tenant_id()) LIMIT $1))', t.name
            ) END
        ), ', '),
        string_agg(
            format('SELECT %L::regclass, count(*) FROM d%s', t.name, t.number), ' UNION ALL '
        )
    INTO v_deletes, v_counts
    FROM unnest(p_tables) WITH ORDINALITY AS t (name, number);

    FOR relation, rows IN EXECUTE format('WITH %s %s', v_deletes, v_counts) USING p_limit LOOP
        RETURN NEXT;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION app.delete_rows(regclass[], integer) IS
'Delete at most p_limit rows of the tenant (NULL: all) and return their number by table. Raises TN002.';

ALTER FUNCTION app.delete_rows(regclass[], integer) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.delete_rows(regclass[], integer) FROM public;
GRANT EXECUTE ON FUNCTION app.delete_rows(regclass[], integer)
TO tenancy_kernel;
