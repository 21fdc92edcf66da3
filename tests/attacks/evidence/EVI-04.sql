-- id: EVI-04
-- title: Forge a counter
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.pins app.tg_count_pin_comments
-- why: comment_count is kept by a trigger and granted to nobody.

UPDATE app.pins SET comment_count = 1000000 WHERE id = '{a_pin}';
