-- tenancy.move_tenant(p_tenant_id, p_placement, p_wait): to its own schema, or back.
--
-- One step:    all tables in one transaction: killed anywhere, everything is as before. The status
--              is moving already, which lets the tenant read and nobody write; it ends as it was.
-- Again:       a tenant that is where it shall be is left alone.
-- Raises:      TN001 no such tenant. TN002 not tenancy_operator outside any tenant. TN004 no
--              placement. TN041 not moving. TN042 others are inside. TN043 a copy differs. TN044.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy.move_tenant(
    p_tenant_id uuid,
    p_placement text,
    p_wait interval DEFAULT '30 seconds'
)
RETURNS TABLE (resource text, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text;
BEGIN
    v_before := tenancy_private.begin_move(p_tenant_id, p_placement);
    IF v_before IS NULL THEN
        RETURN;
    END IF;

    IF NOT EXISTS (
        SELECT FROM tenancy_private.tenant AS t
        WHERE t.id = p_tenant_id AND t.placement = p_placement
    ) THEN
        PERFORM tenancy_private.wait_for_others(p_wait);
        IF p_placement = 'dedicated' THEN
            PERFORM tenancy.sync_tenant_schema(p_tenant_id, false, true);
        END IF;

        RETURN QUERY
        SELECT m.resource, m.rows FROM tenancy_private.move_tables(p_tenant_id, p_placement) AS m;
    END IF;

    PERFORM tenancy_private.change_status(
        p_tenant_id, v_before, 'moved: rows are ' || p_placement, 'operator'
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.move_tenant(uuid, text, interval) IS
'Move a tenant in status moving to shared or dedicated, give it back the status before, and return the rows per table. Idempotent. Raises TN001, TN002, TN004, TN041 to TN044.';

ALTER FUNCTION tenancy.move_tenant(uuid, text, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.move_tenant(uuid, text, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.move_tenant(uuid, text, interval)
TO tenancy_operator;
