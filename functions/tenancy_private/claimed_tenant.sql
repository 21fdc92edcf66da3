-- tenancy_private.claimed_tenant(): the tenant that this transaction claimed for a backfill.
--
-- Why:         a context is a setting, and who runs as tenancy_operator may clear it and enter
--              another tenant. Code of a team runs after a claim, and cannot take that row back.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.claimed_tenant()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT b.tenant_id
        FROM tenancy_private.backfill_tenant AS b
        WHERE b.claimed_in = tenancy_private.transaction_tag()
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.claimed_tenant() IS
'Tenant that tenancy.claim_backfill() gave to this transaction; NULL when there is none.';

ALTER FUNCTION tenancy_private.claimed_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.claimed_tenant() FROM public;
