-- tenancy.begin_backfill(p_function, p_name): list the tenants of a backfill, or go on with it.
--
-- Again:       new tenants join, and those that were skipped are tried again; nobody who is done,
--              or failed, is.
-- Raises:      TN002 not the operator. TN004 a name that is none. TN050 no function that a backfill
--              can run. TN051 this name was begun with another definition.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.begin_backfill(
    p_function text,
    p_name text DEFAULT NULL
)
RETURNS TABLE (name text, schema_name name, function_name name, takes_limit boolean)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_function regprocedure;
    v_run tenancy_private.backfill;
BEGIN
    PERFORM tenancy_private.require_operator();
    v_function := tenancy_private.backfill_function(p_function);
    SELECT n.nspname, p.proname, p.pronargs > 0, coalesce(p_name, n.nspname || '.' || p.proname)
    INTO STRICT schema_name, function_name, takes_limit, name
    FROM pg_proc AS p
    INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
    WHERE p.oid = v_function;
    IF length(btrim(name)) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'a backfill needs a name of 1 to 200 characters' USING
            ERRCODE = 'TN004', HINT = 'It is how a later run finds where this one stopped.';
    END IF;

    INSERT INTO tenancy_private.backfill AS b (name, function, sha256, begun_by)
    VALUES (
        begin_backfill.name, v_function::text, tenancy_private.function_digest(v_function),
        session_user
    )
    ON CONFLICT DO NOTHING;
    SELECT b.* INTO STRICT v_run
    FROM tenancy_private.backfill AS b
    WHERE b.name = begin_backfill.name
    FOR NO KEY UPDATE;
    IF v_run.function <> v_function::text
        OR v_run.sha256 <> tenancy_private.function_digest(v_function)
    THEN
        RAISE EXCEPTION 'backfill % was begun with another definition of its function', name USING
            ERRCODE = 'TN051', HINT = 'Give a new run another name: every tenant is done again.';
    END IF;

    INSERT INTO tenancy_private.backfill_tenant AS b (tenant_id, backfill)
    SELECT t.id, v_run.name
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    INNER JOIN tenancy_private.node AS n ON t.region = n.region
    WHERE s.jobs <> 'none' AND t.status <> 'purging'
    ORDER BY t.id
    ON CONFLICT DO NOTHING;
    UPDATE tenancy_private.backfill_tenant AS b
    SET state = 'pending', reason = NULL
    WHERE b.backfill = v_run.name AND b.state = 'skipped';
    RETURN NEXT;
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_backfill(text, text) IS
'Begin a backfill, or go on with it, and return its name and what to call in each tenant. Raises TN002, TN004, TN050, TN051.';

ALTER FUNCTION tenancy.begin_backfill(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_backfill(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_backfill(text, text)
TO tenancy_operator;
