-- tenancy_private.open_rate_window(p_tenant_id, p_action, p_holder): make the row of a window.
--
-- Bounded:     windows of the tenant that have been idle for a minute go; a thousand may stay.
-- No waiting:  rows that somebody uses are skipped, so that nothing can deadlock here.
-- Raises:      TN011 a thousand actions in a minute.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.open_rate_window(
    p_tenant_id uuid,
    p_action text,
    p_holder uuid
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    DELETE FROM tenancy_private.rate_window AS w
    USING (
        SELECT x.action, x.actor_id
        FROM tenancy_private.rate_window AS x
        WHERE x.tenant_id = p_tenant_id AND x.last_at < clock_timestamp() - interval '2 minutes'
        FOR UPDATE SKIP LOCKED
    ) AS idle
    WHERE w.tenant_id = p_tenant_id AND w.action = idle.action AND w.actor_id = idle.actor_id;

    IF (SELECT count(*) FROM tenancy_private.rate_window AS w WHERE w.tenant_id = p_tenant_id) >= 1000
    THEN
        RAISE EXCEPTION 'too many different actions' USING
            ERRCODE = 'TN011', HINT = 'Name actions, not requests: at most 1000 in a minute.';
    END IF;

    INSERT INTO tenancy_private.rate_window (tenant_id, action, actor_id)
    VALUES (p_tenant_id, p_action, p_holder)
    ON CONFLICT (tenant_id, action, actor_id) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) IS
'Make a rate window and forget idle ones. Raises TN011.';

ALTER FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) FROM public;
