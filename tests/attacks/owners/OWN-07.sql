-- id: OWN-07
-- title: Become a role that bypasses row security
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: roles
-- why: The usual service_role can be reached from the pooled login; here no such role is within reach.

SET LOCAL ROLE {service};
SELECT metadata FROM app.customers;
