-- id: EVI-16
-- title: Disable the trigger that keeps updated_at
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.orders
-- why: DDL belongs to the owner, whom the login cannot become.

SET LOCAL ROLE {owner};
ALTER TABLE app.orders DISABLE TRIGGER USER;
