-- tenancy_private.is_over_rate(p_tenant_id, p_action, p_actor_id): would the next call be refused?
--
-- Reads only:  for tenancy.pre_request(), also in read-only transactions. False on a standby, where
--              nothing unlogged can be read.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.is_over_rate(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid DEFAULT NULL
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rate bigint;
    v_holder uuid;
    v_window tenancy_private.rate_window;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN false;
    END IF;

    SELECT r.per_minute, r.holder INTO v_rate, v_holder
    FROM tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id) AS r;
    SELECT w.* INTO v_window
    FROM tenancy_private.rate_window AS w
    WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = v_holder;

    RETURN (
        SELECT s.fits_in IS DISTINCT FROM interval '0'
        FROM tenancy_private.read_rate_window(
            v_window.charged_at, v_window.costs, v_rate, 1, clock_timestamp()
        ) AS s
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) IS
'True when a tenant has used up its rate for an action.';

ALTER FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) FROM public;
