-- id: DEF-12
-- title: set_config(), the function
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: SET is a statement; set_config() changes settings from inside a SELECT.

SELECT set_config('application_name', 'x', true);
