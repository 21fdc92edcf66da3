-- id: EVI-11
-- title: An administrator reads a tenant, and rolls back
-- attacker: insider
-- expect: detected
-- wins: rows
-- objects: tenancy_private.access_ticket
-- why: Administrators may; the ticket says who, when, why and which tenant, and no ROLLBACK of theirs reaches it.

-- @console
-- ours
SELECT tenancy.enter('{a_ticket}');
-- naive
SELECT public.set_tenant_context('{a}');
SELECT metadata FROM app.customers;
-- @evidence
SELECT opened_by, reason FROM tenancy_private.access_ticket
    WHERE tenant_id = '{a}' AND opened_by = 'tenancy_console' AND closed_at IS NULL;
