-- id: EVI-13
-- title: Act under another person's id
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: tenancy.actor_id tenancy_private.context_mac
-- why: The actor is signed with the rest; an edited context names nobody.

-- keep forged
-- ours
SELECT overlay(current_setting('tenancy.context') PLACING replace('{a_manager}', '-', '') FROM 37);
-- naive
SELECT 1;
-- ours
SET LOCAL tenancy.context = '{forged}';
-- ours
SELECT coalesce(tenancy.actor_id() = '{a_manager}', false);
-- naive
INSERT INTO public.audit_logs (tenant_id, user_id, action)
    VALUES ('{a}', '{a_manager}', 'DELETE') RETURNING true;
