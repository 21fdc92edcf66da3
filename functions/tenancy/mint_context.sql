-- tenancy.mint_context(p_credential, p_request): prove a credential and sign the context.
--
-- Why definer: callers may read neither credentials nor keys. A definer may not change the role, so
--              tenancy.enter() does that; a context minted without it verifies to NULL.
-- One answer:  unknown, expired, revoked, suspended, wrong region, disagreeing hint: same path,
--              same text, nothing about whether the tenant exists.
-- Logged:      each refusal, with a digest of the credential and never the reason: the log is what
--              a standby and a rolled-back transaction can still write to.
-- Raises:      TN001 no access. TN003 another context. TN004 request is not a small JSON object.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy.mint_context(
    p_credential text,
    p_request jsonb,
    OUT tenant_id uuid,
    OUT database_role name,
    OUT may_write boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
    v_request jsonb := coalesce(p_request, '{}');
BEGIN
    IF jsonb_typeof(v_request) <> 'object' OR octet_length(v_request::text) > 4096 THEN
        RAISE EXCEPTION 'request must be a JSON object of at most 4096 bytes'
            USING ERRCODE = 'TN004', HINT = 'Pass request id, client address and agent only.';
    END IF;

    IF octet_length(p_credential) <= 8192 THEN
        v_identity := CASE
            WHEN p_credential ~ '^[ps]k_' THEN tenancy_private.identify_api_key(p_credential)
            WHEN p_credential ~ '^at_' THEN tenancy_private.identify_ticket(p_credential)
            ELSE tenancy_private.identify_jwt(p_credential, v_request)
        END;
    END IF;

    IF NOT tenancy_private.may_enter(v_identity.tenant_id, v_identity.role, v_request) THEN
        RAISE LOG 'tenancy.enter refused %', jsonb_build_object(
            'credential', left(encode(sha256(convert_to(left(p_credential, 8192), 'UTF8')), 'hex'), 16),
            'request_id', v_request -> 'request_id', 'client_address', inet_client_addr()
        );
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    SELECT t.id, r.database_role, s.may_write AND v_identity.may_write
    INTO STRICT tenant_id, database_role, may_write
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    CROSS JOIN tenancy.tenant_role AS r
    WHERE t.id = v_identity.tenant_id AND r.role = v_identity.role;

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request, may_write
    );
    PERFORM tenancy_private.note_key_use(v_identity.unused_key);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_context(text, jsonb) IS
'Prove a credential and sign the context of this transaction. Called by tenancy.enter(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_context(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_context(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_context(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
