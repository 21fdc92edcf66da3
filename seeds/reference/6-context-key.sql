-- The first signing key, made here: it is in no file and no log.

DO $context_key$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy_private.context_key) THEN
        PERFORM tenancy.rotate_context_key();
    END IF;
END;
$context_key$;
