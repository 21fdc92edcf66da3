-- id: ESC-10
-- title: A member of staff changes the settings
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.settings
-- why: Configuration belongs to managers.

UPDATE app.settings SET branding = '{"logo": "defaced"}' WHERE tenant_id = '{a}';
