"""What fuzzed tenants are made of: pools of values, and one SELECT per table that combines them.

The SELECTs run over `person`: customer k of tenant n, with names and texts from the pools. They call
nothing random and no clock, so that a seed makes the same rows on every server.
"""

#: Stored as they are in names and texts of the second person of each tenant, and of many others.
#: Not a multiple of three of them, so that each industry meets all.
HOSTILE = (
    "O'Brien",
    "Robert'); DROP TABLE app.orders;--",
    '" OR ""="',
    "%s %(x)s %% \\.",
    "\\N",
    "NULL",
    "\u202eevil\u202c",
    "zero\u200bwidth\u200d\ufeff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f9ff",
    "a\\b\tc\nd",
    "{{ template }} ${HOME} $(id) $$",
    "<script>alert(1)</script>",
    "\x01\x1b[31m\x7f",
    "аdmin",  # noqa: RUF001  (a look-alike)
    "x" * 10_000,
    " ",
)
SIZE = 2000
COLUMNS = ("first", "last", "city", "company", "domain", "locale", "hostile")
_LOCALES = ("en_US", "de_DE", "pl_PL", "ja_JP", "ar_AA", "fr_FR")


def pool(seed: int) -> list[tuple[str, ...]]:
    """Return SIZE rows of COLUMNS, hostile ones first; the same for the same seed."""
    from faker import Faker  # noqa: PLC0415  (an extra, and 0.4 s)

    fakers = [Faker(locale, use_weighting=False) for locale in _LOCALES]
    for fake in fakers:
        fake.seed_instance(seed)
    rows: list[tuple[str, ...]] = []
    for i in range(SIZE):
        fake, locale = fakers[i % len(fakers)], _LOCALES[i % len(fakers)].replace("_", "-")
        bad = HOSTILE[i % len(HOSTILE)]
        last = bad[:100] if i < len(HOSTILE) or i % 20 == 0 else fake.last_name()
        text = bad if i < len(HOSTILE) or i % 5 == 0 else fake.sentence()
        # Faker's own domains exist or are malformed; this one is reserved (RFC 2606).
        domain = f"mail{i % 211}.example"
        rows.append((fake.first_name(), last, fake.city(), fake.company(), domain, locale, text))
    return rows


#: id() has the shape of UUID version 7. Single expressions over immutable calls: they are inlined,
#: which a million calls notice. The casts matter: text || bigint is only STABLE.
FUNCTIONS = """
CREATE FUNCTION fuzz.id(kind text, n bigint, k bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT overlay(overlay(md5({seed}::text || kind || n::text || ':' || k::text)
        PLACING lpad(to_hex(1704067200000 + n * 60000 + k), 12, '0') || '7' FROM 1)
        PLACING '8' FROM 17)::uuid
$$;
CREATE FUNCTION fuzz.pick(n bigint, k bigint, size bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((hashint8extended(n * 1000003 + k, {seed}::bigint) & 2147483647) % size)::int
$$
"""

#: The first tenant has 2 % of all customers, the others a share with a long tail (Weibull, 1/2), and
#: nobody fewer than 3. The first ones, which people look at, are of the average size; those that have
#: keys are all active and of this region.
TENANTS = """
CREATE UNLOGGED TABLE fuzz.tenant AS
SELECT n, id, slug, industry, status, region, at, customers,
    jsonb_build_object('canary', 'canary-' || left(md5(id::text), 16)) AS meta
FROM (
    SELECT n, slug, fuzz.id('tenant', n, 0) AS id,
        (ARRAY['restaurant', 'medspa', 'hotel'])[1 + n % 3] AS industry,
        CASE WHEN n <= {keys} THEN 'active' WHEN n % 20 = 5 THEN 'suspended'
            WHEN n % 20 = 15 THEN 'read_only' ELSE 'active' END AS status,
        CASE WHEN n > {keys} AND n % 25 = 0 THEN 'eu' ELSE 'us' END AS region,
        timestamptz '2024-01-01' + n * interval '1 minute' AS at,
        greatest(3, CASE WHEN {tenants} = 1 THEN {customers} WHEN n = 1 THEN {customers} / 50
            ELSE 0.98 * {customers} * weight / sum(weight) FILTER (WHERE n > 1) OVER () END)::int
            AS customers
    FROM fuzz.number CROSS JOIN LATERAL (
        SELECT CASE WHEN n <= {complete} THEN 2
            ELSE ln((1 + fuzz.pick(n, 7, 1048576)) / 1048577.0) ^ 2 END AS weight
    ) AS share
) AS sized;
ALTER TABLE fuzz.tenant ADD PRIMARY KEY (n);
ANALYZE fuzz.tenant
"""

MEMBERS = """
INSERT INTO tenancy_private.tenant (id, slug, name, industry, status, region, created_at)
SELECT t.id, t.slug, p.company, t.industry, t.status, t.region, t.at
FROM fuzz.tenant AS t INNER JOIN fuzz.pool AS p ON p.i = fuzz.pick(t.n, 1, {size});
INSERT INTO tenancy_private.member (tenant_id, user_id, role, created_at)
SELECT t.id, fuzz.id(r.role, t.n, (r.role = 'customer')::int), r.role, t.at
FROM fuzz.tenant AS t CROSS JOIN unnest(ARRAY['customer', 'staff', 'manager']) AS r (role);
INSERT INTO tenancy_private.tenant_limit (tenant_id, name, value)
SELECT t.id, l.name, NULL
FROM fuzz.tenant AS t
CROSS JOIN unnest(ARRAY['max_pins', 'max_orders_per_month', 'max_storage_gb']) AS l (name)
"""

#: What the triggers would have counted; the orders are of months that are over.
USAGE = """
INSERT INTO tenancy_private.usage_counter (tenant_id, pins, storage_bytes, time_zone)
SELECT t.id, coalesce(p.pins, 0), coalesce(o.bytes, 0), s.time_zone
FROM fuzz.tenant AS t
INNER JOIN app.settings AS s ON s.tenant_id = t.id
LEFT JOIN (SELECT tenant_id, count(*) AS pins FROM app.pins GROUP BY tenant_id) AS p
    ON p.tenant_id = t.id
LEFT JOIN (
    SELECT tenant_id, sum(size_bytes) AS bytes FROM app.storage_objects GROUP BY tenant_id
) AS o ON o.tenant_id = t.id
WHERE t.n BETWEEN {first} AND {last}
"""

PERSON = """
FROM (
    SELECT t.*, k, t.at + ((k * 7919) % 500000) * interval '1 minute' AS made,
        CASE WHEN k = 2 THEN n % {hostile} ELSE fuzz.pick(n, k * 2, {size}) END AS i,
        CASE WHEN k = 2 THEN n % {hostile} ELSE fuzz.pick(n, k * 2 + 1, {size}) END AS j
    FROM fuzz.tenant AS t CROSS JOIN LATERAL generate_series(1::bigint, t.customers) AS k
    WHERE n BETWEEN {first} AND {last}
) AS p
INNER JOIN (SELECT i, first, city, domain, locale, hostile FROM fuzz.pool) AS f USING (i)
INNER JOIN (SELECT i AS j, last FROM fuzz.pool) AS g USING (j)
"""

#: Besides tenant_id, metadata and the times: columns, their values, and which people have the row.
#: The first two people of a tenant have one in most tables; in the first tenants, in every table.
_COMPLETE = "(n <= {complete} AND k <= 2)"
ROWS: dict[str, tuple[str, str, str]] = {
    "customers": (
        "id, email, full_name, phone, locale, marketing_opt_in, loyalty_points, notes",
        "fuzz.id('customer', n, k), 'u' || k || CASE k WHEN 2 THEN left(hostile, 200) ELSE '' END "
        "|| '@' || domain, first || ' ' || last, '+1555' || lpad(k::text, 7, '0'), locale, "
        "k % 3 = 0, CASE WHEN k % 97 = 2 THEN 2147483647 ELSE (k % 500)::int END, "
        "CASE WHEN k % 50 = 2 THEN hostile END",
        "true",
    ),
    "orders": (
        "id, customer_id, order_number, currency, subtotal, total, status, notes, placed_at",
        "fuzz.id('order', n, k), fuzz.id('customer', n, k), 'R-' || k, "
        "(ARRAY['USD', 'EUR', 'JPY'])[1 + k % 3], k % 1000, "
        "CASE WHEN k % 101 = 2 THEN 9999999999.99 ELSE k % 1000 + 0.5 END, "
        "(ARRAY['open', 'ready', 'completed'])[1 + k % 3], CASE WHEN k % 40 = 2 THEN hostile END, "
        "made",
        "k <= 2 OR k % CASE industry WHEN 'restaurant' THEN 2 ELSE 5 END = 0",
    ),
    # The counter is what the trigger would have made it: pin_comments has 1 + k % 3 rows per pin.
    "pins": (
        "id, customer_id, title, body, latitude, longitude, comment_count",
        "fuzz.id('pin', n, k), fuzz.id('customer', n, k), left(hostile, 200), city, "
        "CASE WHEN k = 2 THEN -90 ELSE k % 181 - 90 END, "
        "CASE WHEN k = 2 THEN 180 ELSE k % 361 - 180 END, 1 + k % 3",
        "k <= 2 OR k % 10 = 0",
    ),
    "pin_comments": (
        "id, pin_id, author_id, body",
        "fuzz.id('comment', n, k * 3 + c), fuzz.id('pin', n, k), fuzz.id('customer', n, k), hostile",
        "k <= 2 OR k % 10 = 0",
    ),
    # A leap day that is already March at Greenwich, and an hour that Chicago's clocks skipped.
    "analytics": (
        "id, customer_id, event, session_id, payload, occurred_at",
        "fuzz.id('event', n, k), fuzz.id('customer', n, k), 'page_view', 's' || k, "
        "jsonb_build_object('page', k), CASE WHEN k % 12 = 0 THEN "
        "timestamptz '2024-03-10 02:30 America/Chicago' WHEN k % 3 = 2 THEN "
        "timestamptz '2024-02-29 23:59:59.999999-11' ELSE made END",
        "k <= 2 OR k % 4 = 0",
    ),
    "survey_responses": (
        "id, customer_id, survey, score, answers, comment, submitted_at",
        "fuzz.id('survey', n, k), fuzz.id('customer', n, k), 'nps', k % 11, "
        "jsonb_build_object('q1', hostile), hostile, made",
        "k <= 2 OR k % 20 = 0",
    ),
    "patients": (
        "id, customer_id, full_name, birth_date, ssn, medical_history",
        "fuzz.id('patient', n, k), fuzz.id('customer', n, k), first || ' ' || last, CASE k % 5 "
        "WHEN 2 THEN date '2000-02-29' ELSE date '1940-01-01' + (k * 31 % 25000)::int END, "
        "'900-00-' || lpad((k % 10000)::text, 4, '0'), hostile",
        f"(industry = 'medspa' AND (k <= 2 OR k % 2 = 0)) OR {_COMPLETE}",
    ),
    "bookings": (
        "id, customer_id, patient_id, service, starts_at, time_zone, price",
        "fuzz.id('booking', n, k), fuzz.id('customer', n, k), "
        "CASE industry WHEN 'medspa' THEN fuzz.id('patient', n, k) END, "
        "CASE industry WHEN 'medspa' THEN 'facial' ELSE 'table' END, "
        "timestamptz '2028-02-29 23:30' + (k - 2) * interval '1 hour', "
        "(ARRAY['America/Chicago', 'Asia/Kathmandu', 'Pacific/Chatham'])[1 + k % 3], k % 300",
        "(industry = 'medspa' AND (k <= 2 OR k % 2 = 0)) "
        f"OR (industry = 'restaurant' AND (k <= 2 OR k % 5 = 0)) OR {_COMPLETE}",
    ),
    "guests": (
        "id, customer_id, full_name, email, nationality, preferences",
        "fuzz.id('guest', n, k), fuzz.id('customer', n, k), first || ' ' || last, "
        "'g' || k || '@' || domain, right(locale, 2), jsonb_build_object('pillow', hostile)",
        f"(industry = 'hotel' AND (k <= 2 OR k % 2 = 0)) OR {_COMPLETE}",
    ),
    "reservations": (
        "id, guest_id, customer_id, room, arrival, departure, total",
        "fuzz.id('stay', n, k), fuzz.id('guest', n, k), fuzz.id('customer', n, k), "
        "(100 + k % 400)::text, date '2028-02-29', date '2028-03-01' + (k % 14)::int, 99.99",
        f"(industry = 'hotel' AND (k <= 2 OR k % 2 = 0)) OR {_COMPLETE}",
    ),
    "settings": (
        "id, branding, time_zone",
        "fuzz.id('settings', n, 0), meta || '{{\"primary_color\": \"#667eea\"}}', "
        "(ARRAY['America/Chicago', 'Pacific/Chatham', 'Asia/Kathmandu'])[1 + n % 3]",
        "k = 1",
    ),
    "storage_buckets": ("id, name", "fuzz.id('bucket', n, 0), 'photos'", "k = 1"),
    "storage_objects": (
        "id, bucket_id, customer_id, path, size_bytes",
        "fuzz.id('object', n, k), fuzz.id('bucket', n, 0), fuzz.id('customer', n, k), "
        "'/' || k || '/' || left(hostile, 100), "
        "CASE WHEN k % 7 = 2 THEN 9223372036854775807 ELSE k END",
        "k <= 2 OR k % 20 = 0",
    ),
}


def insert(table: str) -> str:
    """Return the statement that fills a table, with the names of PERSON still in braces."""
    columns, values, condition = ROWS[table]
    comments = "CROSS JOIN generate_series(0, k % 3) AS c" if table == "pin_comments" else ""
    return (
        f"INSERT INTO app.{table} (tenant_id, metadata, created_at, updated_at, {columns}) "
        f"SELECT id, meta, made, made, {values} {PERSON} {comments} WHERE {condition}"
    )
