-- id: DEF-10
-- title: Switch the tenant through query_to_xml()
-- attacker: injected
-- expect: blocked
-- answer: 42501 nothing
-- wins: canary
-- objects: harden tenancy_private.verified_context
-- why: Two locks: the function is revoked, and the context it would set is not valid here.

-- ours
SELECT query_to_xml('SELECT set_config(''tenancy.context'', ''{token}'', true)', true, false, ''),
    query_to_xml('SELECT metadata FROM app.customers', true, false, '');
-- naive
SELECT query_to_xml('SELECT set_config(''app.current_tenant'', ''{b}'', true)', true, false, ''),
    query_to_xml('SELECT metadata FROM app.customers', true, false, '');
