-- tenancy.sign_webhook(p_message_id, p_timestamp, p_payload): the webhook-signature header.
--
-- Source:      Standard Webhooks: v1, and HMAC-SHA-256 of id.timestamp.payload in base64; one for
--              each key in force, newest first, separated by spaces.
-- Raises:      TN001 no tenant in context, or none of its keys.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy.sign_webhook(
    p_message_id text,
    p_timestamp timestamptz,
    p_payload text
)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_message bytea := convert_to(
        p_message_id || '.' || floor(extract(EPOCH FROM p_timestamp)) || '.' || p_payload, 'UTF8'
    );
    v_signature text;
BEGIN
    SELECT string_agg(
        'v1,' || encode(sha256(w.opad || sha256(w.ipad || v_message)), 'base64'),
        ' ' ORDER BY w.id DESC
    )
    INTO v_signature
    FROM tenancy_private.webhook_secret AS w
    WHERE w.tenant_id = (SELECT tenancy.tenant_id())
      AND (w.expires_at IS NULL OR w.expires_at > clock_timestamp());
    IF v_signature IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_signature;
END;
$function$;

COMMENT ON FUNCTION tenancy.sign_webhook(text, timestamptz, text) IS
'Value of the webhook-signature header for a message of the current tenant (seconds of p_timestamp are the webhook-timestamp). Raises TN001.';

ALTER FUNCTION tenancy.sign_webhook(text, timestamptz, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.sign_webhook(text, timestamptz, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.sign_webhook(text, timestamptz, text)
TO tenancy_manager, tenancy_admin, tenancy_operator;
