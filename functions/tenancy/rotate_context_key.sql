-- tenancy.rotate_context_key(): sign from now on with a new random key.
--
-- Open transactions: the key before this one still verifies, and so do all of the last hour, so
--              that nobody is thrown out by rotating twice; older ones are deleted.
-- Secret:      made here from strong random bytes; it never appears in a statement or a log.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.rotate_context_key()
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_kid text;
BEGIN
    LOCK TABLE tenancy_private.context_key IN SHARE ROW EXCLUSIVE MODE;

    DELETE FROM tenancy_private.context_key
    WHERE NOT is_current AND created_at < clock_timestamp() - interval '1 hour';
    UPDATE tenancy_private.context_key SET is_current = false WHERE is_current;

    SELECT to_char(coalesce(max(k.kid::integer), 0) % 9999 + 1, 'FM0000') INTO v_kid
    FROM tenancy_private.context_key AS k;

    INSERT INTO tenancy_private.context_key (kid, ipad, opad, is_current)
    SELECT v_kid, p.ipad, p.opad, true
    FROM tenancy_private.hmac_pads(
        convert_to(tenancy_private.random_secret('') || tenancy_private.random_secret(''), 'UTF8')
    ) AS p;

    RETURN v_kid;
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_context_key() IS
'Make a new signing key, keep those of the last hour and the one before for open transactions, and return its number.';

ALTER FUNCTION tenancy.rotate_context_key() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_context_key() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_context_key()
TO tenancy_admin, pg_database_owner;
