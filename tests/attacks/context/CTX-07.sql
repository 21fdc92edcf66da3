-- id: CTX-07
-- title: Inherit the context of the client before, on a pooled connection
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: tenancy_private.sign_context app.customers
-- why: The context is transaction-local; after COMMIT the login alone reads nothing.

-- @next
SELECT 1;
COMMIT;
-- @next none
SELECT metadata FROM app.customers;
