-- Plans as shipped: professional is the product's, the others are around it. NULL is unlimited.

INSERT INTO tenancy.plan (plan, name)
VALUES ('starter', 'Starter'), ('professional', 'Professional'), ('enterprise', 'Enterprise')
ON CONFLICT (plan) DO UPDATE SET name = excluded.name;

-- What a platform changed in its own database stays.
INSERT INTO tenancy.plan_limit (plan, name, value)
VALUES
('starter', 'max_pins', 25),
('starter', 'max_orders_per_month', 1000),
('starter', 'max_storage_gb', 5),
('starter', 'rate_per_minute', 100),
('professional', 'max_pins', 100),
('professional', 'max_orders_per_month', 10000),
('professional', 'max_storage_gb', 50),
('professional', 'rate_per_minute', 100),
('enterprise', 'max_pins', 10000),
('enterprise', 'max_orders_per_month', NULL),
('enterprise', 'max_storage_gb', 1000),
('enterprise', 'rate_per_minute', 1000)
ON CONFLICT (plan, name) DO NOTHING;

INSERT INTO tenancy.plan_feature (plan, feature, value)
VALUES
('starter', 'voice_assistant', 'false'),
('starter', 'photo_booth', 'false'),
('starter', 'analytics', 'true'),
('starter', 'multi_location', 'false'),
('professional', 'voice_assistant', 'false'),
('professional', 'photo_booth', 'true'),
('professional', 'analytics', 'true'),
('professional', 'multi_location', 'false'),
('enterprise', 'voice_assistant', 'true'),
('enterprise', 'photo_booth', 'true'),
('enterprise', 'analytics', 'true'),
('enterprise', 'multi_location', 'true')
ON CONFLICT (plan, feature) DO NOTHING;
