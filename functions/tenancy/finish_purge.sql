-- tenancy.finish_purge(): count again, and close the receipt.
--
-- Tombstone:   the record stays with id and slug, so that no other tenant gets its host name; name
--              custom domain and own schema go.
-- Again:       a receipt that is closed stays as it is.
-- Raises:      TN002 no purge. TN021 rows are left.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.finish_purge()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_left text;
BEGIN
    INSERT INTO tenancy_private.purge_receipt
    VALUES (
        v_tenant_id, 'tenancy_private.tenant', true, 1, 0, 1,
        'tombstone: id and slug, so that no other tenant gets the host name'
    );
    UPDATE tenancy_private.tenant SET name = 'purged', custom_domain = NULL
    WHERE id = v_tenant_id;
    UPDATE tenancy_private.offboarding SET purged_at = clock_timestamp()
    WHERE tenant_id = v_tenant_id;
    PERFORM tenancy_private.change_status(
        v_tenant_id, 'purged', 'every table was counted as empty', 'procedure'
    );

    PERFORM tenancy_private.open_receipt(v_tenant_id);
    UPDATE tenancy_private.purge_receipt AS r
    SET rows_after = coalesce(tenancy_private.count_rows(v_tenant_id, o.relation, o.kind), 0)
    FROM tenancy.table_order() AS o
    WHERE r.tenant_id = v_tenant_id AND r.resource = o.relation::text;

    SELECT string_agg(r.resource, ', ') INTO v_left
    FROM tenancy_private.purge_receipt AS r
    WHERE r.tenant_id = v_tenant_id AND NOT r.is_kept AND r.rows_after > 0;
    IF v_left IS NOT NULL THEN
        RAISE EXCEPTION 'rows are left in %', v_left USING
            ERRCODE = 'TN021', HINT = 'tenancy.purge_tenant_batch() until it returns 0.';
    END IF;

    PERFORM app.drop_schema(v_tenant_id);
    UPDATE tenancy_private.tenant SET placement = 'shared' WHERE id = v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.finish_purge() IS
'Prove that no row is left, and end the tenant. Raises TN002, TN021.';

ALTER FUNCTION tenancy.finish_purge() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.finish_purge() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.finish_purge()
TO tenancy_operator;
