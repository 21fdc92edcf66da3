-- tenancy_private.note_platform_action(p_tenant_id, p_action): evidence that waits for review.
--
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.note_platform_action(p_tenant_id uuid, p_action text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
INSERT INTO tenancy_private.platform_action (id, tenant_id, action, performed_by)
VALUES (tenancy.uuidv7(), p_tenant_id, p_action, session_user);
END;

COMMENT ON FUNCTION tenancy_private.note_platform_action(uuid, text) IS
'Record what the platform did to a tenant from outside.';

ALTER FUNCTION tenancy_private.note_platform_action(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_platform_action(uuid, text) FROM public;
