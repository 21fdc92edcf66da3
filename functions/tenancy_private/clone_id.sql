-- tenancy_private.clone_id(p_id, p_tenant_id): the id of a row in a clone.
--
-- Same in:     same out, so that foreign keys hold without a table of ids. Time order stays: the
--              first 48 bits are kept, the others are hashed with the id of the clone.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy_private.clone_id(p_id uuid, p_tenant_id uuid)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT encode(
        set_byte(
            set_byte(
                substring(uuid_send(p_id), 1, 6) || substring(d.digest, 1, 10),
                6, 112 | (get_byte(d.digest, 0) & 15)
            ),
            8, 128 | (get_byte(d.digest, 2) & 63)
        ),
        'hex'
    )::uuid
    FROM (SELECT sha256(uuid_send(p_id) || uuid_send(p_tenant_id)) AS digest) AS d;
$function$;

COMMENT ON FUNCTION tenancy_private.clone_id(uuid, uuid) IS
'The uuid (version 7) that stands for p_id in the clone p_tenant_id; NULL for NULL.';

ALTER FUNCTION tenancy_private.clone_id(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.clone_id(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.clone_id(uuid, uuid)
TO tenancy_owner;
