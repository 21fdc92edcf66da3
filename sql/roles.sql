-- The cluster-wide roles. Every statement is checked first: a second database of the same cluster,
-- or roles made beforehand by somebody else, need no right at all. None is a superuser and none
-- bypasses row security. Logins are made without a password: set one, or use peer or certificates.

DO $roles$
DECLARE
    v_role name;
    v_group name;
    v_login name;
BEGIN
    -- Owners: three, so that a hole in one does not open the others.
    -- Tenant roles: the rows of the access grid. tenancy_builder: may protect tables of its own.
    FOREACH v_role IN ARRAY ARRAY[
        'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor',
        'tenancy_customer', 'tenancy_staff', 'tenancy_manager', 'tenancy_admin', 'tenancy_builder'
    ] LOOP
        IF pg_catalog.to_regrole(v_role::text) IS NULL THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', v_role);
        END IF;
    END LOOP;

    -- Logins inherit nothing: without SET ROLE, which tenancy.enter() does, they read no row.
    FOREACH v_role IN ARRAY ARRAY['tenancy_gateway', 'tenancy_console', 'tenancy_operator'] LOOP
        IF pg_catalog.to_regrole(v_role::text) IS NULL THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I LOGIN NOINHERIT', v_role);
        END IF;
    END LOOP;

    FOR v_group, v_login IN
        VALUES ('tenancy_customer'::name, 'tenancy_gateway'::name),
               ('tenancy_staff', 'tenancy_gateway'),
               ('tenancy_manager', 'tenancy_gateway'),
               ('tenancy_admin', 'tenancy_console')
    LOOP
        IF NOT pg_catalog.pg_has_role(v_login, v_group, 'MEMBER') THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', v_group, v_login);
        END IF;
    END LOOP;
END;
$roles$;
