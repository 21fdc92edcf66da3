-- id: EVI-07
-- title: Plant evidence against somebody else
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy_private.access_ticket
-- why: The sketch's log is written by its clients.

-- ours
INSERT INTO tenancy_private.access_ticket (id, tenant_id, digest, opened_by, reason, expires_at)
    VALUES (gen_random_uuid(), '{b}', '\x00', 'somebody', 'planted evidence', now());
-- naive
INSERT INTO public.audit_logs (tenant_id, user_id, action, "timestamp")
    VALUES ('{b}', 'somebody', 'READ', '2020-01-01');
