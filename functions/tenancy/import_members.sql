-- tenancy.import_members(p_members): members of an archive.
--
-- Raises:      TN002 no import. 23505, 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.import_members(p_members json)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
    v_rows bigint;
BEGIN
    INSERT INTO tenancy_private.member (tenant_id, user_id, role, created_at, email)
    SELECT v_tenant_id, m.user_id, m.role, m.created_at, m.email
    FROM json_populate_recordset(NULL::tenancy_private.member, p_members) AS m;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy.import_members(json) IS
'Insert members of an archive and return their number. Raises TN002, 23505, 23514.';

ALTER FUNCTION tenancy.import_members(json) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.import_members(json) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.import_members(json)
TO tenancy_operator;
