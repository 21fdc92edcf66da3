-- id: OBJ-15
-- title: A child by inheritance, queried directly
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app.orders
-- only: throwaway
-- why: A child has neither the policies nor the grants of its parent. Default grants would open it.

-- @builder
CREATE TABLE app.orders_archive () INHERITS (app.orders);
INSERT INTO app.orders_archive (tenant_id, id, order_number, metadata)
    VALUES ('{b}', '{b_order}', 'old', '{"canary": "{b_mark}"}');
-- @inside
SELECT metadata FROM app.orders_archive;
