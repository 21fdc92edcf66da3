-- tenancy.retry_backfill(p_name, p_tenant_id): try failed tenants again.
--
-- Raises:      TN002 not the operator.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.retry_backfill(p_name text, p_tenant_id uuid DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenants bigint;
BEGIN
    PERFORM tenancy_private.require_operator();

    UPDATE tenancy_private.backfill_tenant AS b
    SET state = 'pending', tries = 0, retry_at = NULL, ended_at = NULL
    WHERE b.backfill = p_name AND b.state = 'failed'
      AND b.tenant_id = coalesce(p_tenant_id, b.tenant_id);
    GET DIAGNOSTICS v_tenants = ROW_COUNT;
    RETURN v_tenants;
END;
$function$;

COMMENT ON FUNCTION tenancy.retry_backfill(text, uuid) IS
'Make failed tenants of a backfill pending again (default: all) and return their number. Raises TN002.';

ALTER FUNCTION tenancy.retry_backfill(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.retry_backfill(text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.retry_backfill(text, uuid)
TO tenancy_operator;
