-- id: ESC-33
-- title: A tenant registers its own issuer of tokens
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy.register_jwt_issuer
-- why: Whoever signs tokens can be anybody, anywhere.

-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'mine', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SET LOCAL ROLE {owner};
