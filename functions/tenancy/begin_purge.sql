-- tenancy.begin_purge(p_archive_sha256, p_hurry_because): the point of no return.
--
-- At once:     nobody enters any more, tickets close, and every table is counted.
-- Again:       after an interruption it changes nothing.
-- Raises:      TN002 no purge. TN004 a reason to hurry that says nothing. TN020 not offboarding.
--              TN021 the grace period is not over. TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.begin_purge(
    p_archive_sha256 text DEFAULT NULL,
    p_hurry_because text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_ends_at timestamptz;
BEGIN
    PERFORM tenancy_private.refuse_unreachable();
    SELECT o.grace_ends_at INTO v_ends_at
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy_private.offboarding AS o ON t.id = o.tenant_id
    WHERE t.id = v_tenant_id AND t.status IN ('offboarding', 'purging')
    FOR NO KEY UPDATE OF t;
    IF v_ends_at > clock_timestamp() AND p_hurry_because IS NULL THEN
        RAISE EXCEPTION 'the grace period ends at %', v_ends_at USING
            ERRCODE = 'TN021', HINT = 'Wait, or say why it cannot wait.';
    END IF;

    PERFORM tenancy_private.change_status(
        v_tenant_id, 'purging', coalesce(p_hurry_because, 'the grace period is over'), 'procedure'
    );
    UPDATE tenancy_private.offboarding AS o
    SET
        hurried_because = CASE WHEN v_ends_at > clock_timestamp() THEN p_hurry_because END,
        archive_sha256 = p_archive_sha256,
        purge_begun_by = session_user,
        purge_began_at = clock_timestamp()
    WHERE o.tenant_id = v_tenant_id AND o.purge_began_at IS NULL;
    UPDATE tenancy_private.access_ticket AS a SET closed_at = clock_timestamp()
    WHERE a.tenant_id = v_tenant_id AND a.closed_at IS NULL;
    PERFORM tenancy_private.open_receipt(v_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_purge(text, text) IS
'Close an offboarding tenant for good and count its rows. Idempotent. Raises TN002, TN004, TN020, TN021, TN025.';

ALTER FUNCTION tenancy.begin_purge(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_purge(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_purge(text, text)
TO tenancy_operator;
