-- id: DOS-20
-- title: A credential of a megabyte
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy.mint_context
-- why: Length first: nothing long is hashed or parsed.

-- @login
-- ours
SELECT tenancy.enter(repeat('x.', 500000));
-- naive
SELECT public.set_tenant_context(repeat('x.', 500000));
