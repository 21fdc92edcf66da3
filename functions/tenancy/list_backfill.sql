-- tenancy.list_backfill(p_name, p_state): what became of each tenant.
--
-- Raises:      TN002 not the platform. TN052 no such backfill.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.list_backfill(p_name text, p_state text DEFAULT NULL)
RETURNS TABLE (
    tenant_id uuid, slug text, state text, rows_changed bigint, calls bigint, tries integer,
    error_code text, reason text, began_at timestamptz, ended_at timestamptz
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF NOT EXISTS (SELECT FROM tenancy_private.backfill AS b WHERE b.name = p_name) THEN
        RAISE EXCEPTION 'there is no backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.begin_backfill() first.';
    END IF;

    RETURN QUERY
    SELECT
        b.tenant_id, t.slug, b.state, b.rows_changed, b.calls, b.tries, b.error_code, b.reason,
        b.began_at, b.ended_at
    FROM tenancy_private.backfill_tenant AS b
    INNER JOIN tenancy_private.tenant AS t ON b.tenant_id = t.id
    WHERE b.backfill = p_name AND b.state = coalesce(p_state, b.state)
    ORDER BY b.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_backfill(text, text) IS
'Tenants of a backfill (default: in any state), with rows, calls and the last error. Raises TN002, TN052.';

ALTER FUNCTION tenancy.list_backfill(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_backfill(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_backfill(text, text)
TO tenancy_admin, tenancy_operator;
