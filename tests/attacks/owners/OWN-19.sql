-- id: OWN-19
-- title: The owner of the credentials reads the tables
-- attacker: insider
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app.customers roles
-- why: tenancy_kernel owns keys and contexts and may not even see app.

-- @kernel
SELECT metadata FROM app.customers;
