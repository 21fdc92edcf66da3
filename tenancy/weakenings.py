"""Named replacements that each take one condition out of a function that decides who gets in.

Each is (function, name, pattern, replacement): the pattern is searched in pg_get_functiondef(), and
one that is not found any more is an error, so that this list cannot rot.
"""

_P, _T = "tenancy_private.", "tenancy."

#: What only the platform may call, outside any tenant.
PLATFORM = (
    "create_tenant", "list_tenants", "reconcile_tenant", "set_plan", "set_limit", "reset_limit",
    "set_feature", "set_actor_rate", "list_evidence", "review_evidence", "register_jwt_issuer",
    "revoke_jwt_issuer", "sync_tenant_schema", "schema_drift", "list_schemas", "drop_tenant_schema",
    "import_tenant", "begin_offboarding", "list_backfill",
)  # fmt: skip

WEAKENINGS: tuple[tuple[str, str, str, str], ...] = (
    # The signature and what it covers.
    (_P + "verified_context", "skip signature", r"sha256\(convert_to\(v_mac.*?(?=\s+THEN)", "false"),
    (_P + "verified_context", "accept unknown key", r"v_mac IS NULL\s+OR", ""),
    (_P + "context_mac", "skip transaction binding", r"\|\| tenancy_private.transaction_tag\(\)", ""),
    (_P + "context_mac", "sign without the key", r"k\.[io]pad \|\|", ""),
    (_P + "context_mac", "leave out the tenant", r"convert_to\(p_body,", "convert_to(substr(p_body, 37),"),
    (_P + "context_mac", "leave out the actor", r"convert_to\(p_body,",
     "convert_to(left(p_body, 36) || substr(p_body, 69),"),
    (_P + "context_mac", "leave out the role", r"convert_to\(p_body,",
     "convert_to(left(p_body, 68) || substr(p_body, 70),"),
    (_P + "transaction_tag", "skip pid", r"(pg_catalog\.)?pg_backend_pid\(\)", "0"),
    (_P + "transaction_tag", "skip timestamp", r"(pg_catalog\.)?transaction_timestamp\(\)",
     "'epoch'::timestamptz"),
    # The role in force.
    (_P + "context_in_force", "skip role", r"OR current_setting\('role'\) IS DISTINCT FROM \(.*?END\s*\)", ""),
    (_T + "tenant_id", "skip role", r"context_in_force", "verified_context"),
    (_T + "actor_id", "skip role", r"context_in_force", "verified_context"),
    (_T + "actor_role", "skip role", r"context_in_force", "verified_context"),
    # One context per transaction.
    (_P + "sign_context", "allow a second tenant", r"substr\(v_before, 5, 64\).*?'-'\)", "false"),
    (_P + "sign_context", "allow a second actor", r"substr\((v_before|v_body), 5, 64\)", r"substr(\1, 5, 32)"),
    (_P + "sign_context", "allow a second role", r"OR substr\(v_before, 69, 1\) NOT IN.*?'-'\)", ""),
    (_T + "retire_context", "leave nothing behind", r"PLACING '-'", "PLACING substr(v_body, 69, 1)"),
    # Credentials.
    (_P + "identify_api_key", "accept revoked key", r"AND k\.revoked_at IS NULL", ""),
    (_P + "identify_api_key", "accept expired key", r"AND k\.expires_at > clock_timestamp\(\)", ""),
    (_P + "identify_ticket", "accept closed ticket", r"AND t\.closed_at IS NULL", ""),
    (_P + "identify_ticket", "accept expired ticket", r"AND t\.expires_at > clock_timestamp\(\)", ""),
    (_P + "identify_ticket", "accept uncommitted ticket", r"AND t\.opened_in IS DISTINCT FROM [^;]*", ""),
    (_P + "identify_jwt", "let the token raise the role", r"AND r\.rank <= own\.rank", ""),
    (_P + "identify_jwt", "ignore the named tenant", r"AND \(v_name IS NULL.*?\)\)", ""),
    (_P + "identify_jwt", "choose among tenants", r"INTO STRICT", "INTO"),
    (_P + "verify_jwt", "skip signature", r"AND sha256\(convert_to\(v_part\[3\].*?;", ";"),
    (_P + "verify_jwt", "accept revoked issuer", r"i\.revoked_at IS NULL", "true"),
    (_P + "verify_jwt", "accept any algorithm", r"v_header ->> 'alg' = 'HS256'", "true"),
    (_P + "verify_jwt", "accept any issuer", r"AND v_claims ->> 'iss' = s\.issuer", ""),
    (_P + "verify_jwt", "accept any audience", r"AND \(v_claims -> 'aud'\).*?\)\s", ""),
    (_P + "verify_jwt", "accept expired token", r"AND \(v_claims ->> 'exp'\)::numeric > v_now", ""),
    (_P + "verify_jwt", "accept early token", r"AND coalesce\(\(v_claims ->> 'nbf'\).*?v_now", ""),
    # The tenant, and what the client believes of it.
    (_P + "may_enter", "accept suspended tenant", r"AND s\.may_enter", ""),
    (_P + "may_enter", "accept wrong region", r"INNER JOIN tenancy_private\.node AS n ON t\.region = n\.region",
     "CROSS JOIN tenancy_private.node AS n"),
    (_P + "may_enter", "ignore the tenant hint", r"AND coalesce\(p_request ->> 'tenant'.*?\)\s+(?=AND)", ""),
    (_P + "may_enter", "ignore the location hint", r"AND coalesce\(p_request ->> 'location'.*?\)\s+(?=AND)", ""),
    (_P + "may_enter", "ignore the host", r"AND coalesce\(tenancy_private\.find_tenant_of_host.*?t\.id\) = t\.id", ""),
    (_P + "find_tenant_of_host", "ignore the slug in the host", r"v_host = t\.slug.*?domain", "false"),
    (_P + "find_tenant_of_host", "ignore the custom domain", r"t\.custom_domain = v_host", "false"),
    (_T + "mint_context", "skip the tenant", r"NOT tenancy_private\.may_enter\(.*?\) THEN", "false THEN"),
    (_T + "mint_context", "accept any request", r"jsonb_typeof\(v_request\) <> 'object' OR", ""),
    (_T + "mint_context", "accept a large request", r"OR octet_length\(v_request::text\) > 4096", ""),
    (_T + "enter", "write in a read-only tenant", r"NOT v_context\.may_write", "false"),
    (_T + "set_tenant_context", "write in a read-only tenant", r"NOT v_context\.may_write", "false"),
    (_T + "mint_named_context", "skip membership", r"v_tenant_id IS NULL OR NOT EXISTS \(.*?\)\s+THEN",
     "false THEN"),
    (_T + "mint_named_context", "confirm what was not entered", r"v_tenant_id <> substr\(v_body, 5, 32\)::uuid",
     "false"),
    (_T + "mint_system_context", "accept wrong region", r"INNER JOIN tenancy_private\.node.*?region\n", ""),
    (_T + "mint_system_context", "accept purged tenant", r"AND s\.jobs <> 'none'", ""),
    (_T + "mint_system_context", "accept no purpose", r"length\(btrim.*?(?= THEN)", "false"),
    (_T + "mint_system_context", "enter another tenant than was claimed", r"v_claimed <> p_tenant_id OR", ""),
    (_T + "mint_system_context", "do another job than was claimed",
     r"OR \(v_claimed IS NOT NULL AND p_purpose <> 'backfill'\)", ""),
    (_P + "platform_role", "be the platform after a claim",
     r"WHEN tenancy_private\.claimed_tenant\(\) IS NOT NULL THEN NULL", ""),
    (_P + "require_operator", "run code of others as a superuser", r"EXISTS \(.*?'MEMBER'\)\s+\)(?= THEN)", "false"),
    (_P + "backfill_function", "run what is above row security", r"v_function\.prosecdef AND v_function\.is_above",
     "false"),
    (_T + "claim_backfill", "run another definition", r"v_run\.sha256 <> tenancy_private.*?(?= THEN)", "false"),
    (_T + "note_backfill", "note without a claim", r"AND b\.claimed_in = tenancy_private\.transaction_tag\(\)", ""),
    (_T + "open_admin_session", "accept wrong region", r"INNER JOIN tenancy_private\.node.*?region\n", ""),
    (_T + "open_admin_session", "accept no reason", r"length\(btrim.*?1000\s+OR", ""),
    (_T + "open_admin_session", "accept any length", r"OR p_minutes IS NULL OR .*?480", ""),
    # Who administers whom.
    (_P + "may_administer", "administer other tenants", r"tenancy\.tenant_id\(\) = p_tenant_id", "true"),
    (_P + "may_administer", "administer as anybody", r"AND tenancy\.actor_role\(\) IN \(.*?\)", ""),
    (_P + "may_administer", "administer without a tenant", r"current_setting\('role'\) = 'tenancy_admin'", "true"),
    (_T + "set_member", "change oneself", r"p_user_id = tenancy\.actor_id\(\)", "false"),
    (_T + "remove_member", "remove oneself", r"p_user_id = tenancy\.actor_id\(\)", "false"),
    (_T + "set_member", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "remove_member", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "issue_api_key", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "revoke_api_key", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "list_api_keys", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "list_members", "skip permission", r"PERFORM tenancy_private\.require_administrator\(.*?;", ""),
    (_T + "revoke_api_key", "revoke a key of another tenant", r"WHERE tenant_id = p_tenant_id AND", "WHERE"),
    (_T + "list_api_keys", "list keys of other tenants", r"WHERE k\.tenant_id = p_tenant_id", ""),
    (_T + "list_members", "list members of other tenants", r"WHERE m\.tenant_id = p_tenant_id", ""),
    (_T + "remove_member", "remove in other tenants", r"WHERE tenant_id = p_tenant_id AND", "WHERE"),
    (_P + "create_api_key", "issue for ever", r"p_days IS NULL OR p_days NOT BETWEEN 1 AND 730", "false"),
    (_P + "require_platform", "be the platform inside a tenant", r"\(tenancy_private\.platform_role\(\) = ANY \(p_roles\)\) IS NOT TRUE", "false"),
    (_P + "platform_role", "reopen from inside", r"WHEN tenancy_private\.verified_context\(\) IS NOT NULL THEN NULL", ""),
    *((_T + name, "skip the platform's permission", r"PERFORM tenancy_private\.require_platform\([^)]*\);", "")
      for name in PLATFORM),
    (_T + "register_jwt_issuer", "accept a short secret", r"octet_length\(p_secret\) < 32 IS NOT FALSE", "false"),
    (_T + "register_table", "register another's table", r"AND pg_has_role\([^)]*\)", ""),
    (_T + "unregister_table", "unregister another's table", r"AND pg_has_role\([^)]*\)", ""),
    # Placement.
    (_T + "drop_tenant_schema", "drop a schema in use", r"v_placement = 'dedicated'", "false"),
    (_P + "begin_move", "skip the platform's permission", r"PERFORM tenancy_private\.require_platform\([^)]*\);", ""),
    (_P + "begin_move", "move a tenant that may write", r"v_tenant\.status <> 'moving' OR v_last\.is_new", "false"),
    (_P + "begin_move", "move before moving is committed", r"OR v_last\.is_new", ""),
    (_T + "move_tenant", "do not wait for writers", r"PERFORM tenancy_private\.wait_for_others\(p_wait\);", ""),
    ("app.move_rows", "do not compare", r"v_rows <> v_copied OR v_digest IS DISTINCT FROM v_copy", "false"),
    ("app.drop_schema", "drop rows", r"IF v_is_filled THEN", "IF false THEN"),
    (_T + "own_schema", "forget the placement", r"= 'd'", "= 'x'"),
    (_T + "tg_refuse_misplaced", "let every row in", r"tg_table_schema <> coalesce\(tenancy\.own_schema\(\), 'app'\)", "false"),
    # Triggers.
    (_T + "tg_keep_identity", "change the tenant", r"new\.tenant_id IS DISTINCT FROM old\.tenant_id\s+OR", ""),
    (_T + "tg_keep_identity", "change the id", r"OR to_jsonb\(new\).*?'id'(?=\s+THEN)", ""),
)  # fmt: skip

#: Functions that read the context: never IMMUTABLE, never PARALLEL SAFE.
CONTEXT = (
    "tenancy.tenant_id", "tenancy.actor_id", "tenancy.actor_role",
    "tenancy_private.context_in_force", "tenancy_private.verified_context",
    "tenancy_private.context_mac", "tenancy_private.transaction_tag",
)  # fmt: skip
