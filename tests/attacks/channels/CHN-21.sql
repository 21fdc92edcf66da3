-- id: CHN-21
-- title: Ids tell how many rows there are
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: tenancy.uuidv7
-- why: 74 random bits stand after the milliseconds of an id: two ids do not say how many were made between.

-- ours
SELECT count(DISTINCT right(tenancy.uuidv7()::text, 12)) < 100 FROM generate_series(1, 100);
-- naive
SELECT max(order_no) - min(order_no) < 100
    FROM (VALUES (nextval('app.orders_order_no_seq')), (nextval('app.orders_order_no_seq'))) AS t (order_no);
