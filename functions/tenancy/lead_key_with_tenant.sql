-- tenancy.lead_key_with_tenant(p_table): rebuild a primary key as (tenant_id, ...).
--
-- Leaves:      a key that has tenant_id, and one that foreign keys point to: an obstacle then.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.lead_key_with_tenant(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key record;
BEGIN
    SELECT k.conname, string_agg(quote_ident(a.attname), ', ' ORDER BY u.place) AS columns
    INTO v_key
    FROM pg_constraint AS k
    CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND u.attnum = a.attnum
    WHERE k.conrelid = p_table AND k.contype = 'p'
      AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table)
    GROUP BY k.conname
    HAVING NOT bool_or(a.attname = 'tenant_id');

    IF FOUND THEN
        EXECUTE format(
            'ALTER TABLE %s DROP CONSTRAINT %I, ADD PRIMARY KEY (tenant_id, %s)',
            p_table, v_key.conname, v_key.columns
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.lead_key_with_tenant(regclass) IS
'Step of tenancy.protect_table(): the primary key of an empty table starts with tenant_id.';

ALTER FUNCTION tenancy.lead_key_with_tenant(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.lead_key_with_tenant(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.lead_key_with_tenant(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
