-- tenancy.begin_offboarding(p_tenant_id, p_reason, p_grace): order the deletion of a tenant.
--
-- Meanwhile:   managers may enter and read, to take their data along; set_tenant_status() to active
--              is the way back until the purge begins.
-- Again:       while offboarding, a new order replaces the reason and the end of grace.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no reason, or a grace period
--              that is not 0 to 365 days. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_begin_offboarding.py

CREATE OR REPLACE FUNCTION tenancy.begin_offboarding(
    p_tenant_id uuid,
    p_reason text,
    p_grace interval DEFAULT '30 days'
)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ends_at timestamptz := clock_timestamp() + p_grace;
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF (p_grace BETWEEN interval '0' AND interval '365 days') IS NOT TRUE THEN
        RAISE EXCEPTION 'the grace period is 0 to 365 days' USING
            ERRCODE = 'TN004', HINT = 'For example interval ''30 days''.';
    END IF;

    PERFORM tenancy_private.change_status(p_tenant_id, 'offboarding', p_reason, 'procedure');
    INSERT INTO tenancy_private.offboarding AS o (tenant_id, reason, begun_by, grace_ends_at)
    VALUES (p_tenant_id, btrim(p_reason), session_user, v_ends_at)
    ON CONFLICT (tenant_id) DO UPDATE
    SET
        reason = excluded.reason,
        begun_by = excluded.begun_by,
        begun_at = excluded.begun_at,
        grace_ends_at = excluded.grace_ends_at;
    RETURN v_ends_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_offboarding(uuid, text, interval) IS
'Make a tenant read-only for its managers and return when its purge may begin. Raises TN001, TN002, TN004, TN020.';

ALTER FUNCTION tenancy.begin_offboarding(uuid, text, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_offboarding(uuid, text, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_offboarding(uuid, text, interval)
TO tenancy_admin, tenancy_operator;
