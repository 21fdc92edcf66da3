-- tenancy_private.identify_jwt(p_credential, p_request): the member a JWT stands for.
--
-- Which tenant: the token's claim, else the one the request names, else the user's only one.
-- Which role:  the membership decides; the token may lower it, never raise it.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_jwt(p_credential text, p_request jsonb)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_claims jsonb := tenancy_private.verify_jwt(p_credential);
    v_name text := coalesce(v_claims ->> 'tenant', p_request ->> 'tenant', p_request ->> 'location');
    v_identity tenancy_private.identity;
BEGIN
    SELECT m.tenant_id, m.user_id, r.role, true, NULL
    INTO STRICT v_identity
    FROM tenancy_private.member AS m
    INNER JOIN tenancy.tenant_role AS own ON m.role = own.role
    INNER JOIN tenancy.tenant_role AS r ON coalesce(v_claims ->> 'role', m.role) = r.role
    WHERE m.user_id::text = lower(v_claims ->> 'sub')
      AND r.rank <= own.rank
      AND (v_name IS NULL OR m.tenant_id = tenancy_private.find_tenant(v_name));

    RETURN v_identity;
EXCEPTION
    WHEN no_data_found OR too_many_rows THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_jwt(text, jsonb) IS
'Identity of the member a valid JWT names; all NULL when it names none, or several without a choice.';

ALTER FUNCTION tenancy_private.identify_jwt(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_jwt(text, jsonb) FROM public;
