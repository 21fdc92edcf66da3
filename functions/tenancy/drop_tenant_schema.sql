-- tenancy.drop_tenant_schema(p_tenant_id): drop a schema that its tenant does not use.
--
-- One each:    a transaction that drops a thousand schemas runs out of locks.
-- Raises:      TN001 no such tenant or schema. TN002 not tenancy_operator outside any tenant.
--              TN045 it is in use.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.drop_tenant_schema(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_placement text;
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    SELECT t.placement INTO v_placement
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy_private.tenant_schema AS s ON t.id = s.tenant_id
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE OF t;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_placement = 'dedicated' THEN
        RAISE EXCEPTION 'the schema is in use' USING
            ERRCODE = 'TN045', HINT = 'tenancy.move_tenant(…, ''shared'') first.';
    END IF;

    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', '{"purpose": "move"}', true
    );
    PERFORM app.drop_schema(p_tenant_id);
    PERFORM tenancy_private.forget_context();
    DELETE FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.drop_tenant_schema(uuid) IS
'Drop the own schema of a tenant whose rows are in the shared tables. Raises TN001, TN002, TN045.';

ALTER FUNCTION tenancy.drop_tenant_schema(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.drop_tenant_schema(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.drop_tenant_schema(uuid)
TO tenancy_operator;
