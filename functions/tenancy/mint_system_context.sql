-- tenancy.mint_system_context(p_tenant_id, p_purpose): sign the context of a job.
--
-- Claimed:     a transaction that tenancy.claim_backfill() gave a tenant has no other, not even one
--              whose code cleared the context.
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.mint_system_context(p_tenant_id uuid, p_purpose text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request jsonb := jsonb_build_object('purpose', p_purpose);
    v_claimed uuid := tenancy_private.claimed_tenant();
    v_jobs text;
BEGIN
    IF length(btrim(coalesce(p_purpose, ''))) NOT BETWEEN 3 AND 200 THEN
        RAISE EXCEPTION 'a job needs a purpose of 3 to 200 characters'
            USING ERRCODE = 'TN004', HINT = 'Name the job, for example retention.';
    ELSIF v_claimed <> p_tenant_id OR (v_claimed IS NOT NULL AND p_purpose <> 'backfill') THEN
        RAISE EXCEPTION 'this transaction already has another context' USING
            ERRCODE = 'TN003', HINT = 'It has claimed a backfill: commit first.';
    END IF;

    SELECT s.jobs INTO v_jobs
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    INNER JOIN tenancy_private.node AS n ON t.region = n.region
    WHERE t.id = p_tenant_id AND s.jobs <> 'none';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', v_request, v_jobs = 'write'
    );
    RETURN v_jobs = 'write';
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_system_context(uuid, text) IS
'Sign the context of a job on one tenant and return whether it may write. Called by tenancy.enter_system(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_system_context(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_system_context(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_system_context(uuid, text)
TO tenancy_operator;
