-- The public functions of the context: what each is, and who may call it.

BEGIN;

CREATE TEMPORARY TABLE promise (
    name name PRIMARY KEY,
    args name [] NOT NULL,
    definer boolean NOT NULL,
    volatility text NOT NULL,
    callers name [] NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE caller ON COMMIT DROP AS
SELECT unnest(ARRAY[
    'public', 'tenancy_customer', 'tenancy_staff', 'tenancy_manager', 'tenancy_admin',
    'tenancy_gateway', 'tenancy_console', 'tenancy_operator',
    'tenancy_owner', 'tenancy_auditor', 'tenancy_builder'
])::name AS role;

-- Callers in three groups: those who enter, those whose policies and defaults ask, and few others.
INSERT INTO promise
SELECT
    f.name,
    f.args,
    f.definer,
    f.volatility,
    CASE f.callers
        WHEN 'entering' THEN ARRAY(
            SELECT c.role FROM caller AS c
            WHERE c.role NOT IN ('public', 'tenancy_owner', 'tenancy_auditor', 'tenancy_builder')
        )
        WHEN 'asking' THEN ARRAY(SELECT c.role FROM caller AS c WHERE c.role <> 'public')
        ELSE string_to_array(f.callers, ' ')::name []
    END
FROM (VALUES
    ('enter', '{text,jsonb}'::name [], false, 'volatile', 'entering'),
    ('mint_context', '{text,jsonb}', true, 'volatile', 'entering'),
    ('set_tenant_context', '{text}', false, 'volatile', 'entering'),
    ('mint_named_context', '{text}', true, 'volatile', 'entering'),
    ('leave', '{}', false, 'volatile', 'entering'),
    ('retire_context', '{}', true, 'volatile', 'entering'),
    ('tenant_id', '{}', true, 'stable', 'asking'),
    ('may_write', '{}', true, 'stable', 'asking'),
    ('actor_id', '{}', true, 'stable', 'asking'),
    ('actor_role', '{}', true, 'stable', 'asking'),
    ('uuidv7', '{}', false, 'volatile', 'asking'),
    ('pre_request', '{}', false, 'volatile', 'tenancy_gateway'),
    ('mint_request_context', '{}', true, 'volatile', 'tenancy_gateway'),
    ('enter_system', '{uuid,text}', false, 'volatile', 'tenancy_operator'),
    ('mint_system_context', '{uuid,text}', true, 'volatile', 'tenancy_operator'),
    ('open_admin_session', '{uuid,text,integer}', true, 'volatile', 'tenancy_console'),
    ('close_ticket', '{uuid}', true, 'volatile', 'tenancy_console'),
    ('rotate_context_key', '{}', true, 'volatile', 'tenancy_admin'),
    ('is_well_formed_credential', '{text}', true, 'immutable', 'entering'),
    ('verify_api_key', '{text,text}', true, 'volatile', 'tenancy_gateway tenancy_operator'),
    ('accept_invitation', '{text,text}', true, 'volatile', 'tenancy_gateway'),
    ('tenant_for_host', '{text}', true, 'stable', 'tenancy_gateway tenancy_admin tenancy_operator')
) AS f (name, args, definer, volatility, callers);

SELECT plan((
    SELECT (4 * count(*) + count(*) * (SELECT count(*) FROM caller))::integer + 4 FROM promise
));

SELECT has_function('tenancy', p.name, p.args) FROM promise AS p;

SELECT CASE
    WHEN p.definer THEN is_definer('tenancy', p.name, p.args)
    ELSE isnt_definer('tenancy', p.name, p.args)
END FROM promise AS p;

SELECT volatility_is('tenancy', p.name, p.args, p.volatility) FROM promise AS p;

SELECT function_owner_is('tenancy', p.name, p.args, 'tenancy_kernel') FROM promise AS p;

SELECT function_privs_are(
    'tenancy', p.name, p.args, c.role,
    CASE WHEN c.role = ANY (p.callers) THEN ARRAY['EXECUTE'] ELSE '{}' END
)
FROM promise AS p
CROSS JOIN caller AS c;

SELECT set_eq(
    $$
        SELECT p.proname
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'tenancy'::regnamespace
          AND has_function_privilege('tenancy_gateway', p.oid, 'EXECUTE')
    $$,
    $$ SELECT name FROM promise WHERE 'tenancy_gateway' = ANY (callers) $$,
    'the gateway calls nothing else in tenancy'
);

SELECT is_empty(
    $$
        SELECT p.oid::regprocedure
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'tenancy'::regnamespace
          AND p.proname IN ('tenant_id', 'actor_id', 'actor_role')
          AND (p.proparallel = 's' OR p.proleakproof)
    $$,
    'no part of the context runs in a parallel worker or before a policy'
);

SELECT is(tenancy.tenant_id(), NULL, 'without a credential there is no tenant');

SELECT throws_ok(
    $$ SELECT tenancy.enter('sk_unknown') $$, 'TN001', 'resource not found',
    'an unknown credential is refused without a word about why'
);

SELECT finish();

ROLLBACK;
