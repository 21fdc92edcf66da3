-- tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id): a rate, and whose window it fills.
--
-- Order:       of the actor; of the action; in general; each of the tenant before that of the plan.
--              Without any row, 100. Unlimited is as much as an integer holds.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.rate_of(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid,
    OUT per_minute bigint,
    OUT holder uuid
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
AS $function$
BEGIN
    SELECT
        CASE
            WHEN a.actor_id IS NOT NULL THEN a.per_minute
            WHEN o.name IS NOT NULL THEN o.value
            WHEN p.name IS NOT NULL THEN p.value
            WHEN og.name IS NOT NULL THEN og.value
            WHEN pg.name IS NOT NULL THEN pg.value
            ELSE 100
        END,
        coalesce(a.actor_id, '00000000-0000-0000-0000-000000000000')
    INTO per_minute, holder
    FROM tenancy_private.tenant AS t
    LEFT JOIN tenancy_private.actor_rate AS a ON t.id = a.tenant_id AND a.actor_id = p_actor_id
    LEFT JOIN tenancy_private.tenant_limit AS o
        ON t.id = o.tenant_id AND o.name = 'rate_per_minute:' || p_action
    LEFT JOIN tenancy.plan_limit AS p
        ON t.plan = p.plan AND p.name = 'rate_per_minute:' || p_action
    LEFT JOIN tenancy_private.tenant_limit AS og
        ON t.id = og.tenant_id AND og.name = 'rate_per_minute'
    LEFT JOIN tenancy.plan_limit AS pg ON t.plan = pg.plan AND pg.name = 'rate_per_minute'
    WHERE t.id = p_tenant_id;
    per_minute := least(per_minute, 2147483647);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.rate_of(uuid, text, uuid) IS
'Cost that is allowed in 60 seconds, and the actor whose window it is.';

ALTER FUNCTION tenancy_private.rate_of(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rate_of(uuid, text, uuid) FROM public;
