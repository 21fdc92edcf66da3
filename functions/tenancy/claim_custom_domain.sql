-- tenancy.claim_custom_domain(p_tenant_id, p_domain): begin to prove that a host name is yours.
--
-- Blocks nobody: others may claim the same name; who proves it first has it.
-- Raises:      TN002 not permitted. TN032 a name below the platform's own domain. 23514 no name.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.claim_custom_domain(p_tenant_id uuid, p_domain text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_domain text := rtrim(lower(p_domain), '.');
    v_token text;
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'claim_custom_domain');

    IF EXISTS (
        SELECT FROM tenancy_private.node AS n
        WHERE '.' || v_domain LIKE '%.' || n.platform_domain
    ) THEN
        RAISE EXCEPTION 'this name belongs to the platform'
            USING ERRCODE = 'TN032', HINT = 'Use a domain of your own.';
    END IF;

    INSERT INTO tenancy_private.custom_domain AS d (tenant_id, domain, token)
    VALUES (p_tenant_id, v_domain, tenancy_private.random_secret('engageos-verify-'))
    ON CONFLICT (tenant_id, domain) DO UPDATE SET domain = d.domain
    RETURNING d.token INTO v_token;

    RETURN v_token;
END;
$function$;

COMMENT ON FUNCTION tenancy.claim_custom_domain(uuid, text) IS
'Claim a host name and return the text that a TXT record at _engageos.<domain> must have. Idempotent. Raises TN002, TN032, 23514.';

ALTER FUNCTION tenancy.claim_custom_domain(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.claim_custom_domain(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.claim_custom_domain(uuid, text)
TO tenancy_manager, tenancy_admin;
