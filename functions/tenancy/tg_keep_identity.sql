-- tenancy.tg_keep_identity(): a row keeps its tenant and its id.
--
-- Why:         tenant_id is in no UPDATE grant; this also holds owners and definers. An upsert that
--              sets the key to what it was passes.
-- Raises:      TN009 tenant_id or id changed.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.tg_keep_identity()
RETURNS trigger
LANGUAGE plpgsql
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF new.tenant_id IS DISTINCT FROM old.tenant_id
        OR to_jsonb(new) -> 'id' IS DISTINCT FROM to_jsonb(old) -> 'id'
    THEN
        RAISE EXCEPTION 'tenant_id and id of a row never change' USING
            ERRCODE = 'TN009', HINT = 'Insert a new row and delete this one.';
    END IF;

    RETURN new;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_keep_identity() IS
'Trigger: refuse an UPDATE that changes tenant_id or id. Raises TN009.';

ALTER FUNCTION tenancy.tg_keep_identity() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_keep_identity() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_keep_identity()
TO tenancy_owner, tenancy_builder, pg_database_owner;
