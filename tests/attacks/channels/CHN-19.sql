-- id: CHN-19
-- title: ts_stat(), SQL in an argument
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: Like query_to_xml(), it runs a text as a query.

SELECT count(*) FROM ts_stat('SELECT ''a''::tsvector');
