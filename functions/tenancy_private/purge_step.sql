-- tenancy_private.purge_step(…): delete from one table and write it down.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.purge_step(
    p_tenant_id uuid,
    p_kind text,
    p_tables regclass[],
    p_limit integer
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    IF p_kind = 'registered' THEN
        WITH deleted AS (
            SELECT d.relation, d.rows FROM app.delete_rows(p_tables, p_limit) AS d
        ),

        noted AS (
            UPDATE tenancy_private.purge_receipt AS r
            SET rows_deleted = r.rows_deleted + d.rows
            FROM deleted AS d
            WHERE r.tenant_id = p_tenant_id AND r.resource = d.relation::text AND d.rows > 0
        )

        SELECT sum(d.rows) INTO v_rows FROM deleted AS d;
        RETURN v_rows;
    END IF;

    EXECUTE format(
        'DELETE FROM %1$s WHERE tenant_id = $1 '
        'AND ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2))', p_tables[1]
    ) USING p_tenant_id, p_limit;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    UPDATE tenancy_private.purge_receipt AS r
    SET rows_deleted = r.rows_deleted + v_rows
    WHERE r.tenant_id = p_tenant_id AND r.resource = p_tables[1]::text AND v_rows > 0;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) IS
'Delete a batch and add it to the receipt; the number of rows.';

ALTER FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) FROM public;
