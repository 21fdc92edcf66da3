-- tenancy.set_actor_rate(p_tenant_id, p_actor_id, p_per_minute): a rate, and a window, of its own.
--
-- Actor:       the id of a secret key (tenancy.list_api_keys), or of the person that it names.
--              Public keys have no actor and share the window of the tenant.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 negative.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy.set_actor_rate(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_per_minute integer
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    IF NOT EXISTS (SELECT FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF p_per_minute IS NULL THEN
        DELETE FROM tenancy_private.actor_rate
        WHERE tenant_id = p_tenant_id AND actor_id = p_actor_id;
        RETURN;
    END IF;

    INSERT INTO tenancy_private.actor_rate AS r (tenant_id, actor_id, per_minute)
    VALUES (p_tenant_id, p_actor_id, p_per_minute)
    ON CONFLICT (tenant_id, actor_id) DO UPDATE SET per_minute = excluded.per_minute;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) IS
'Give a key or a person a rate of their own per action (NULL: share the tenant''s again). Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer)
TO tenancy_admin;
