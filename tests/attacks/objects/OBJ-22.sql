-- id: OBJ-22
-- title: Create a large object
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: All tenants share one database role, so whoever creates a large object shares it with all.

SELECT lo_from_bytea(0, 'shared');
