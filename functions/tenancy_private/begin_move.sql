-- tenancy_private.begin_move(p_tenant_id, p_placement): may this move begin?
--
-- Committed:   moving must have been committed before, else it would bind nobody yet.
-- Raises:      TN001, TN002, TN004, TN041.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.begin_move(p_tenant_id uuid, p_placement text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant record;
    v_last record;
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    IF p_placement NOT IN ('shared', 'dedicated') IS NOT FALSE THEN
        RAISE EXCEPTION 'no such placement'
            USING ERRCODE = 'TN004', HINT = 'shared or dedicated.';
    END IF;

    SELECT t.placement, t.status INTO v_tenant
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_tenant.placement = p_placement AND v_tenant.status <> 'moving' THEN
        RETURN NULL;
    END IF;

    SELECT l.from_status, l.changed_at > transaction_timestamp() AS is_new INTO v_last
    FROM tenancy_private.tenant_status_log AS l
    WHERE l.tenant_id = p_tenant_id AND l.to_status = 'moving'
    ORDER BY l.changed_at DESC
    LIMIT 1;
    IF v_tenant.status <> 'moving' OR v_last.is_new THEN
        RAISE EXCEPTION 'the tenant is not moving' USING
            ERRCODE = 'TN041',
            HINT = 'tenancy.set_tenant_status(…, ''moving'', …) and COMMIT first.';
    END IF;

    RETURN v_last.from_status;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.begin_move(uuid, text) IS
'The status to go back to, or NULL when the tenant is there already. Raises TN001, TN002, TN004, TN041.';

ALTER FUNCTION tenancy_private.begin_move(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.begin_move(uuid, text) FROM public;
