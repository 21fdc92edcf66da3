-- id: DOS-21
-- title: Drop everything
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: app tenancy
-- why: The pooled login cannot become an owner.

-- try
SET LOCAL ROLE {owner};
-- try
DROP SCHEMA app CASCADE;
