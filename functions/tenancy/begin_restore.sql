-- tenancy.begin_restore(): make room for the rows of an archive.
--
-- Keeps:       the record, members, keys and tickets: a restore must not undo a revocation.
-- Raises:      TN002 no import. TN022 the tenant may write. TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.begin_restore()
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
BEGIN
    IF (
        SELECT s.may_write
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        WHERE t.id = v_tenant_id
    ) THEN
        RAISE EXCEPTION 'the tenant may write' USING
            ERRCODE = 'TN022', HINT = 'tenancy.set_tenant_status(…, ''read_only'', …) first.';
    END IF;

    PERFORM tenancy_private.refuse_unreachable();
    RETURN (
        SELECT coalesce(sum(d.rows), 0)
        FROM (
            SELECT o.place, array_agg(o.relation) AS tables
            FROM tenancy.table_order() AS o
            WHERE o.kind = 'registered'
            GROUP BY o.place, CASE WHEN NOT o.is_cycle THEN o.relation END
            ORDER BY o.place
        ) AS step
        CROSS JOIN LATERAL app.delete_rows(step.tables, NULL) AS d
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_restore() IS
'Delete the rows of a tenant that may not write, before an import, and return their number. Raises TN002, TN022, TN025.';

ALTER FUNCTION tenancy.begin_restore() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_restore() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_restore()
TO tenancy_operator;
