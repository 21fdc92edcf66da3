-- id: OBJ-18
-- title: Hang a trigger on a shared table
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.orders
-- why: A trigger fires in every tenant's session, with their rights. TRIGGER is part of GRANT ALL and is granted to nobody here.

CREATE TRIGGER quiet BEFORE UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
