-- id: CTX-32
-- title: Stay inside after the suspension
-- attacker: user
-- expect: residual
-- wins: true
-- objects: tenancy_private.may_enter
-- why: A transaction that has begun keeps its context to its end, as it keeps its snapshot.
-- remedy: Short transactions; transaction_timeout (PostgreSQL 17 and later) or a pooler's query_timeout.

-- @inside
SELECT 1;
-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'suspended' WHERE id = '{a}';
-- naive
UPDATE public.tenants SET status = 'suspended' WHERE tenant_id = '{a}';
-- @inside none
SELECT count(*) > 0 FROM app.customers;
