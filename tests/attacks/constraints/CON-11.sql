-- id: CON-11
-- title: When is the other med spa busy? The exclusion constraint
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.bookings
-- why: "No two bookings at once" without the tenant in it answers for all tenants.

-- hit
INSERT INTO app.bookings (tenant_id, service, starts_at, ends_at)
    VALUES ('{a}', 'probe', '{b_day} 10:15+00', '{b_day} 10:20+00');
-- miss
INSERT INTO app.bookings (tenant_id, service, starts_at, ends_at)
    VALUES ('{a}', 'probe', '2031-07-01 10:15+00', '2031-07-01 10:20+00');
