// Charge a call before it is served, in a transaction of its own (npm: pg).

/** Return { allowed, remaining, retry_after } of one call; retry_after is in seconds. */
export async function charge(pool, credential, action, cost = 1) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT tenancy.enter($1)", [credential]);
    const { rows } = await client.query(
      `SELECT allowed, remaining, extract(epoch FROM retry_after)::float8 AS retry_after
       FROM tenancy.check_rate_limit($1, $2)`,
      [action, cost],
    );
    await client.query("COMMIT");
    return rows[0];
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
