-- tenancy.check_rate_limit(p_action, p_cost): charge one call, or say when to come again.
--
-- Alone:       in a transaction of its own, committed before the request: one that fails would roll
--              its charge back. Never two actions in one transaction.
-- Read-only:   tells what would be answered and charges nothing; on a standby always allowed.
-- Raises:      TN001 no context. TN004 a malformed action or cost. TN011 too many actions.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy.check_rate_limit(
    p_action text,
    p_cost integer DEFAULT 1,
    OUT allowed boolean,
    OUT remaining integer,
    OUT retry_after interval
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy.tenant_id();
    v_charge record;
BEGIN
    IF v_tenant_id IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF (p_action ~ '^[a-z][a-z0-9_.-]{0,62}$' AND p_cost BETWEEN 1 AND 1000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'not an action, or not a cost' USING
            ERRCODE = 'TN004', HINT = 'An action is a short name; a cost is 1 to 1000000.';
    END IF;

    v_charge := tenancy_private.charge_rate(v_tenant_id, p_action, tenancy.actor_id(), p_cost);
    allowed := v_charge.allowed;
    remaining := v_charge.remaining;
    retry_after := v_charge.retry_after;
END;
$function$;

COMMENT ON FUNCTION tenancy.check_rate_limit(text, integer) IS
'Charge the rate of the current tenant for an action. A refused call costs nothing; retry_after is NULL when the cost exceeds the rate itself. Raises TN001, TN004, TN011.';

ALTER FUNCTION tenancy.check_rate_limit(text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.check_rate_limit(text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.check_rate_limit(text, integer)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;
