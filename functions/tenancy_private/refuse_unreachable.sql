-- tenancy_private.refuse_unreachable(): nothing is left out silently.
--
-- Raises:      TN025 a table with a tenant_id that no job may read.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.refuse_unreachable()
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tables text;
BEGIN
    SELECT string_agg(t.relation::text, ', ' ORDER BY t.relation::text) INTO v_tables
    FROM tenancy_private.tenant_table() AS t
    WHERE t.kind = 'unreachable';
    IF v_tables IS NOT NULL THEN
        RAISE EXCEPTION 'rows of tenants are out of reach in %', v_tables USING
            ERRCODE = 'TN025',
            HINT = 'As its owner: SELECT tenancy.protect_table(…), again if it was protected '
            'before; drop restrictive policies; or list it in tenancy.kept_table.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.refuse_unreachable() IS
'Refuse while a table with a tenant_id can neither be exported nor emptied. Raises TN025.';

ALTER FUNCTION tenancy_private.refuse_unreachable() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.refuse_unreachable() FROM public;
