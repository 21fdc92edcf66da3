-- tenancy_private.tg_append_only(): what is recorded stays as it was recorded.
--
-- Raises:      TN027 UPDATE, DELETE or TRUNCATE.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.tg_append_only()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '% is append only', tg_table_name USING
        ERRCODE = 'TN027', HINT = 'Record what is true now in a new row.';
END;
$function$;

COMMENT ON FUNCTION tenancy_private.tg_append_only() IS
'Trigger: refuse every change but an INSERT. Raises TN027.';

ALTER FUNCTION tenancy_private.tg_append_only() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tg_append_only() FROM public;
