-- tenancy.is_well_formed_credential(p_text): does it look like one of ours, checksum included?
--
-- For:         secret scanners, and clients that would rather find a typo before a round trip.
-- Says:        nothing about whether it is valid.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.is_well_formed_credential(p_text text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        p_text ~ '^((pk|sk)_live|at|inv)_[A-Za-z0-9_-]{49}$'
        AND right(p_text, 6) = tenancy_private.credential_checksum(left(p_text, -6)),
        false
    );
$function$;

COMMENT ON FUNCTION tenancy.is_well_formed_credential(text) IS
'True for text with the shape and the checksum of a credential of ours, valid or not.';

ALTER FUNCTION tenancy.is_well_formed_credential(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.is_well_formed_credential(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.is_well_formed_credential(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
