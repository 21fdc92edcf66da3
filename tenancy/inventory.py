"""What a database consists of, one line an object: comparable on any major, without pg_dump."""

import difflib
from typing import Any

import psycopg

# Every user object with its owner, rights, definition and comment. An ACL is sorted, and NULL (the
# default) spelled out: neither the order of grants nor GRANT-and-REVOKE is a property of a schema.
_QUERY = """
WITH thing (classid, objid, subid, owner, kind, acl, detail) AS (
    SELECT 'pg_namespace'::regclass, oid, 0, nspowner, 'n', nspacl, ''
    FROM pg_namespace WHERE oid >= 16384 OR nspname = 'public'
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 0, relowner, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END,
        relacl, concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
            reloptions, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid)
                WHEN relkind IN ('i', 'I') THEN pg_get_indexdef(oid) END)
    FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, a.attnum, c.relowner, 'c', a.attacl, concat_ws(' ',
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 0, proowner, 'f', proacl,
        CASE prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_functiondef(oid) END
    FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, typowner, 'T', typacl, concat_ws(' ', typtype,
        nullif(typbasetype, 0)::regtype, typnotnull, typdefault,
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum
        WHERE enumtypid = t.oid))
    FROM pg_type AS t
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid, 0, 0, '', NULL,
        pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' invalid' END
    FROM pg_constraint
    UNION ALL
    SELECT 'pg_trigger'::regclass, oid, 0, 0, '', NULL, concat_ws(' ', tgenabled, pg_get_triggerdef(oid))
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'pg_policy'::regclass, oid, 0, 0, '', NULL, concat_ws(' ', polcmd, polpermissive,
        (SELECT string_agg(coalesce(rolname, 'public'), ',' ORDER BY rolname)
        FROM unnest(polroles) AS member LEFT JOIN pg_roles AS r ON r.oid = member),
        pg_get_expr(polqual, polrelid), '/', pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy
    UNION ALL
    SELECT 'pg_rewrite'::regclass, oid, 0, 0, '', NULL, pg_get_ruledef(oid)
    FROM pg_rewrite WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT 'pg_default_acl'::regclass, oid, 0, defaclrole, '', defaclacl, '' FROM pg_default_acl
    UNION ALL
    SELECT tableoid, oid, 0, extowner, '', NULL, extversion FROM pg_extension
    UNION ALL
    SELECT tableoid, oid, 0, evtowner, '', NULL, evtevent FROM pg_event_trigger
    UNION ALL
    SELECT tableoid, oid, 0, pubowner, '', NULL, '' FROM pg_publication
    UNION ALL
    SELECT tableoid, oid, 0, stxowner, '', NULL, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    UNION ALL
    SELECT tableoid, oid, 0, oprowner, '', NULL, oprcode::text FROM pg_operator
    UNION ALL
    SELECT tableoid, oid, 0, collowner, '', NULL, '' FROM pg_collation
    UNION ALL
    SELECT tableoid, oid, 0, 0, '', NULL, castfunc::text FROM pg_cast
    UNION ALL
    SELECT tableoid, oid, 0, srvowner, 'S', srvacl, '' FROM pg_foreign_server
    UNION ALL
    SELECT tableoid, oid, 0, lomowner, 'L', lomacl, '' FROM pg_largeobject_metadata
)
SELECT concat_ws(' | ', o.type || ' ' || o.identity, nullif(t.owner, 0)::regrole,
    (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(
        coalesce(t.acl, CASE WHEN t.kind NOT IN ('', 'c')
            THEN acldefault(t.kind::"char", t.owner) END)) AS item),
    t.detail, d.description)
FROM thing AS t
CROSS JOIN LATERAL pg_identify_object(t.classid, t.objid, t.subid) AS o
LEFT JOIN pg_description AS d
    ON (d.classoid, d.objoid, d.objsubid) = (t.classid, t.objid, t.subid)
WHERE t.objid >= 16384 OR t.classid = 'pg_namespace'::regclass
ORDER BY 1
"""


def inventory(conn: psycopg.Connection[Any]) -> list[str]:
    """Return every object of a database outside the system's schemas, public itself included."""
    with conn.transaction():
        # Names that the search_path finds are printed bare: find none.
        conn.execute("SET LOCAL search_path = pg_catalog")
        return [line for (line,) in conn.execute(_QUERY)]


def difference(before: list[str], after: list[str], limit: int = 30) -> str:
    """Return the lines that differ as a unified diff; empty when none does."""
    return "\n".join([*difflib.unified_diff(before, after, lineterm="", n=1)][:limit])
