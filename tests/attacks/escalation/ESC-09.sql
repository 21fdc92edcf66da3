-- id: ESC-09
-- title: A customer reads what settings hold beside the branding
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.settings
-- why: A grant by column.

SELECT notifications FROM app.settings;
