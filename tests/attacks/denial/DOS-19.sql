-- id: DOS-19
-- title: A request of a megabyte for the log
-- attacker: user
-- expect: blocked
-- answer: TN004
-- wins: done
-- objects: tenancy.mint_context
-- why: What a client may say about itself is limited to 4 kB.

-- @login
-- ours
SELECT tenancy.enter('{a_staff_key}', jsonb_build_object('user_agent', repeat('x', 1000000)));
-- naive
INSERT INTO public.audit_logs (tenant_id, metadata)
    VALUES ('{a}', jsonb_build_object('user_agent', repeat('x', 1000000)));
