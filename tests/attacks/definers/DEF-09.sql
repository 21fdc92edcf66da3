-- id: DEF-09
-- title: Run any SQL from inside a SELECT, by query_to_xml()
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: It turns an injection into one SELECT into dynamic SQL. Even unhardened it would run inside the tenant.

SELECT query_to_xml('SELECT 1', true, false, '');
