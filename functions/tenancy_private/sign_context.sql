-- tenancy_private.sign_context(…): bind this transaction to one tenant, actor and role.
--
-- Once:        the same again is a no-op; anything else would let an open cursor or a deferred
--              trigger straddle two tenants.
-- Why EXECUTE: a SET LOCAL statement reaches the workers of a Citus cluster, set_config() does not.
-- Raises:      TN003 another context was entered in this transaction.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.sign_context(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_role text,
    p_request jsonb,
    p_may_write boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text := tenancy_private.verified_context();
    v_body text;
BEGIN
    SELECT k.kid
        || replace(p_tenant_id::text, '-', '')
        || coalesce(replace(p_actor_id::text, '-', ''), repeat('0', 32))
        || r.code
        || left(t.placement, 1)
        || CASE WHEN p_may_write THEN 'w' ELSE 'r' END
        || encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex')
    INTO STRICT v_body
    FROM tenancy_private.context_key AS k
    CROSS JOIN tenancy_private.tenant AS t
    CROSS JOIN tenancy.tenant_role AS r
    WHERE k.is_current AND t.id = p_tenant_id AND r.role = p_role;

    IF v_before IS NOT NULL THEN
        IF substr(v_before, 5, 64) <> substr(v_body, 5, 64)
            OR substr(v_before, 69, 1) NOT IN (substr(v_body, 69, 1), '-')
        THEN
            RAISE EXCEPTION 'this transaction already has another context' USING
                ERRCODE = 'TN003',
                HINT = 'One tenant, actor and role per transaction: commit first.';
        ELSIF substr(v_before, 69, 1) <> '-' THEN
            RETURN;
        END IF;
    END IF;

    EXECUTE format('SET LOCAL tenancy.request = %L', p_request);
    EXECUTE format(
        'SET LOCAL tenancy.context = %L',
        v_body || tenancy_private.context_mac(left(v_body, 4), v_body)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean) IS
'Sign and set the context of this transaction. Raises TN003 when it has another one.';

ALTER FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean) FROM public;
