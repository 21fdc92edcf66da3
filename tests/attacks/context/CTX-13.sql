-- id: CTX-13
-- title: Read with the login alone
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app.patients app.settings app.guests
-- why: The login inherits nothing and owns nothing.

-- @login
SELECT metadata FROM app.patients
UNION ALL SELECT metadata FROM app.guests
UNION ALL SELECT metadata FROM app.settings;
