-- Everything in our schemas belongs to one of our owners: an owner may change what they own. A
-- team's protected table keeps its owner, in a schema of the team's own.
-- Remedy: ALTER … OWNER TO tenancy_owner, tenancy_kernel or tenancy_auditor.

WITH ours AS (
    SELECT n.oid, n.nspname, n.nspowner
    FROM pg_catalog.pg_namespace AS n
    WHERE
        EXISTS (SELECT FROM pg_catalog.pg_namespace AS x WHERE x.nspname = 'tenancy_private')
        AND (
            n.nspname IN (
                'app', 'tenancy', 'tenancy_private', 'api', 'audit', 'audit_private', 'privacy',
                'privacy_private', 'keyring', 'keyring_private'
            )
            OR pg_get_userbyid(n.nspowner) IN (
                'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'
            )
        )
),

thing (object, owner, class, oid) AS (
    SELECT 'schema ' || o.nspname, o.nspowner, 'pg_namespace'::regclass, o.oid
    FROM ours AS o
    UNION ALL
    SELECT c.oid::regclass::text, c.relowner, 'pg_class'::regclass, c.oid
    FROM pg_catalog.pg_class AS c
    INNER JOIN ours AS o ON c.relnamespace = o.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT f.oid::regprocedure::text, f.proowner, 'pg_proc'::regclass, f.oid
    FROM pg_catalog.pg_proc AS f
    INNER JOIN ours AS o ON f.pronamespace = o.oid
    UNION ALL
    SELECT 'type ' || t.oid::regtype::text, t.typowner, 'pg_type'::regclass, t.oid
    FROM pg_catalog.pg_type AS t
    INNER JOIN ours AS o ON t.typnamespace = o.oid
    WHERE t.typtype IN ('d', 'e', 'r')
)

SELECT
    t.object,
    'owned by ' || pg_get_userbyid(t.owner) AS detail
FROM thing AS t
WHERE
    pg_get_userbyid(t.owner) NOT IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = t.class AND d.objid = t.oid AND d.deptype = 'e'
    );
