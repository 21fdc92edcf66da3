-- id: DEF-11
-- title: A DO block
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: A loop in an injected statement is a program. Tenants have no procedural language.

DO $$ BEGIN PERFORM 1; END $$;
