-- Regions, and the one this cluster serves until tenancy.node says otherwise.

INSERT INTO tenancy.region (code, name)
VALUES ('us', 'United States'), ('eu', 'European Union'), ('apac', 'Asia and Pacific')
ON CONFLICT (code) DO UPDATE SET name = excluded.name;

INSERT INTO tenancy_private.node (region, platform_domain)
VALUES ('us', 'chi-pins.com')
ON CONFLICT (one) DO NOTHING;
