-- id: CHN-05
-- title: Volume of the platform: pg_class and pg_relation_size()
-- attacker: injected
-- expect: residual
-- wins: true
-- why: Catalogs and sizes are open to every role, and drivers read them.
-- remedy: None that keeps drivers working; the figure is of all tenants together.

SELECT pg_relation_size('app.customers') > 0;
