-- tenancy.confirm_custom_domain(p_domain, p_records): give a host name to who proved it.
--
-- Who:         a job that has looked up the TXT records; the database asks no name server.
-- Raises:      TN001 no claim has one of these texts. TN033 the name is another tenant's already.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.confirm_custom_domain(p_domain text, p_records text[])
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_domain text := rtrim(lower(p_domain), '.');
    v_tenant_id uuid;
BEGIN
    SELECT d.tenant_id INTO v_tenant_id
    FROM tenancy_private.custom_domain AS d
    WHERE d.domain = v_domain AND d.token = ANY (p_records);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF EXISTS (
        SELECT FROM tenancy_private.tenant AS t
        WHERE t.custom_domain = v_domain AND t.id <> v_tenant_id
    ) THEN
        RAISE EXCEPTION 'this name is in use by another tenant'
            USING ERRCODE = 'TN033', HINT = 'An administrator settles who owns it.';
    END IF;

    UPDATE tenancy_private.tenant AS t
    SET custom_domain = v_domain
    WHERE t.id = v_tenant_id;

    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.confirm_custom_domain(text, text[]) IS
'Set the custom domain of the tenant whose claim stands in the TXT records, and return its id. Raises TN001, TN033.';

ALTER FUNCTION tenancy.confirm_custom_domain(text, text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.confirm_custom_domain(text, text[]) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.confirm_custom_domain(text, text[])
TO tenancy_operator;
