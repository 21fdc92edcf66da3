-- tenancy_private.request_credential(): the raw credential of a PostgREST request, or NULL.
--
-- Raw:         request.jwt.claims is a setting like any other and proves nothing; the token does.
-- Which:       the bearer token, else the API key. supabase-js sends its apikey as a token too:
--              that one says nothing of its own.
-- x-authorization: the proxy's name for a token that PostgREST itself must not look at.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.request_credential()
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb := tenancy_private.request_headers();
BEGIN
    RETURN coalesce(
        nullif(
            substring(
                coalesce(v_headers ->> 'authorization', v_headers ->> 'x-authorization')
                FROM '^[Bb]earer +(.+)$'
            ),
            v_headers ->> 'apikey'
        ),
        tenancy_private.request_key()
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_credential() IS
'The bearer token of request.headers, else its API key; NULL when there is none.';

ALTER FUNCTION tenancy_private.request_credential() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_credential() FROM public;
