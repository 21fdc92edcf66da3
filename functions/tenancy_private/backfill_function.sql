-- tenancy_private.backfill_function(p_name): find the function of a backfill, or say what is wrong.
--
-- Name:        schema.name, with () or (integer), or schema.name(arguments) where both exist.
-- Walls:       a definer of an owner above row security would not be held by any.
-- Raises:      TN050 no function that a backfill can run.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.backfill_function(p_name text)
RETURNS regprocedure
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_path text[];
    v_found regprocedure[];
    v_function record;
    v_problem text;
    v_remedy text;
BEGIN
    BEGIN
        v_path := parse_ident(split_part(p_name, '(', 1));
    EXCEPTION
        WHEN invalid_parameter_value THEN
            v_path := NULL;
    END;

    v_found := ARRAY(
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
        WHERE cardinality(v_path) = 2 AND n.nspname = v_path[1] AND p.proname = v_path[2]
          AND n.nspname !~ '^pg_' AND p.proargtypes::text IN ('', 'integer'::regtype::oid::text)
          AND (strpos(p_name, '(') = 0
              OR btrim(split_part(lower(p_name), '(', 2), ' )') = oidvectortypes(p.proargtypes))
    );
    IF cardinality(v_found) <> 1 THEN
        RAISE EXCEPTION '% cannot be run as a backfill: % functions fit', p_name,
            cardinality(v_found) USING
            ERRCODE = 'TN050',
            HINT = 'Name one as schema.name: without an argument, or with one integer, its limit. '
            'If there are both: schema.name() or schema.name(integer).';
    END IF;

    SELECT p.oid::regprocedure AS id, p.prokind, p.prorettype, p.proretset, p.prosecdef,
        n.oid AS schema_id, n.nspname, r.rolname, r.rolsuper OR r.rolbypassrls AS is_above
    INTO STRICT v_function
    FROM pg_proc AS p
    INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
    INNER JOIN pg_roles AS r ON p.proowner = r.oid
    WHERE p.oid = v_found[1];

    IF v_function.prokind <> 'f' OR v_function.proretset OR v_function.prorettype NOT IN (
        'integer'::regtype, 'bigint'::regtype
    ) THEN
        v_problem := 'it does not return the number of rows that it changed';
        v_remedy := 'CREATE FUNCTION … RETURNS bigint.';
    ELSIF v_function.prosecdef AND v_function.is_above THEN
        v_problem := 'it runs as a role above row security';
        v_remedy := format('ALTER FUNCTION %s OWNER TO the owner of the tables.', v_function.id);
    ELSIF NOT has_schema_privilege('tenancy_operator', v_function.schema_id, 'USAGE') THEN
        v_problem := 'tenancy_operator may not use its schema';
        v_remedy := format('GRANT USAGE ON SCHEMA %I TO tenancy_operator.', v_function.nspname);
    ELSIF NOT has_function_privilege('tenancy_operator', v_function.id, 'EXECUTE') THEN
        v_problem := 'tenancy_operator may not execute it';
        v_remedy := format('GRANT EXECUTE ON FUNCTION %s TO tenancy_operator.', v_function.id);
    ELSE
        RETURN v_function.id;
    END IF;

    RAISE EXCEPTION '% cannot be run as a backfill: %', v_function.id, v_problem
        USING ERRCODE = 'TN050', HINT = v_remedy;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.backfill_function(text) IS
'The function with this name, if tenancy_operator may run it as a backfill. Raises TN050.';

ALTER FUNCTION tenancy_private.backfill_function(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.backfill_function(text) FROM public;
