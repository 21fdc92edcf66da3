-- tenancy.review_evidence(p_id): somebody has looked at an admin session or a platform action.
--
-- Once:        who reviewed first stays on record.
-- Raises:      TN001 nothing of this id waits. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.review_evidence(p_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    UPDATE tenancy_private.access_ticket AS t
    SET reviewed_by = session_user, reviewed_at = clock_timestamp()
    WHERE t.id = p_id AND t.reviewed_at IS NULL;
    IF NOT FOUND THEN
        UPDATE tenancy_private.platform_action AS a
        SET reviewed_by = session_user, reviewed_at = clock_timestamp()
        WHERE a.id = p_id AND a.reviewed_at IS NULL;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.review_evidence(uuid) IS
'Mark an admin session or a platform action as reviewed by this login. Raises TN001, TN002.';

ALTER FUNCTION tenancy.review_evidence(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.review_evidence(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.review_evidence(uuid)
TO tenancy_admin;
