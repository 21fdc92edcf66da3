-- id: ESC-18
-- title: A tenant raises its limits by mass assignment
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.tenant app.settings
-- why: What a manager may write in settings decides nothing; what decides is not in settings.

-- ours
UPDATE tenancy_private.tenant SET region = region, placement = 'dedicated', plan = plan
    WHERE id = '{a}';
-- naive
UPDATE public.tenants SET limits = '{"max_pins": 1000000}' WHERE tenant_id = '{a}';
