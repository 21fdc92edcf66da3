-- tenancy_private.change_status(…): one step of a tenant's life.
--
-- At once:     the row lock makes concurrent steps one after the other, each checked against what
--              the one before left. It does not wait for the tenant's own transactions.
-- Again:       a step to the status the tenant has is none, and is not recorded.
-- Raises:      TN001 no such tenant. TN004 no reason. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.change_status(
    p_tenant_id uuid,
    p_status text,
    p_reason text,
    p_who text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_from text;
BEGIN
    IF length(btrim(coalesce(p_reason, ''))) NOT BETWEEN 10 AND 1000 THEN
        RAISE EXCEPTION 'a change of status needs a reason' USING
            ERRCODE = 'TN004', HINT = 'Give it in a sentence of 10 to 1000 characters.';
    END IF;

    SELECT t.status INTO v_from
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_from = p_status THEN
        RETURN;
    ELSIF NOT EXISTS (
        SELECT
        FROM tenancy.tenant_transition AS x
        WHERE x.from_status = v_from AND x.to_status = p_status
          AND (x.who = p_who OR (x.who = 'operator' AND p_who = 'admin'))
    ) THEN
        RAISE EXCEPTION 'a tenant cannot go from % to % here', v_from, p_status USING
            ERRCODE = 'TN020',
            HINT = 'tenancy.tenant_transition lists what is allowed, and to whom.';
    END IF;

    UPDATE tenancy_private.tenant SET status = p_status WHERE id = p_tenant_id;
    PERFORM tenancy_private.log_status(p_tenant_id, v_from, p_status, p_reason);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.change_status(uuid, text, text, text) IS
'Take a step of tenancy.tenant_transition and record it. Raises TN001, TN004, TN020.';

ALTER FUNCTION tenancy_private.change_status(uuid, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.change_status(uuid, text, text, text) FROM public;
