-- tenancy_private.rate_window_of(p_tenant_id, p_action, p_holder, p_lock): a window as it is now.
--
-- p_lock:      keep it, made if need be, until COMMIT; otherwise what is committed, or nothing.
-- Standby:     cannot read what is not logged: nothing.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.rate_window_of(
    p_tenant_id uuid,
    p_action text,
    p_holder uuid,
    p_lock boolean
)
RETURNS tenancy_private.rate_window
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_window tenancy_private.rate_window;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    ELSIF NOT p_lock THEN
        SELECT w.* INTO v_window
        FROM tenancy_private.rate_window AS w
        WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = p_holder;
        RETURN v_window;
    END IF;

    LOOP
        SELECT w.* INTO v_window
        FROM tenancy_private.rate_window AS w
        WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = p_holder
        FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        PERFORM tenancy_private.open_rate_window(p_tenant_id, p_action, p_holder);
    END LOOP;

    RETURN v_window;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) IS
'Read a rate window, or lock it.';

ALTER FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) FROM public;
