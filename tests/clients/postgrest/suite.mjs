// What the product's client code does, over HTTP, and what it must not be able to do.
// Run by test_postgrest.py, which gives the world as JSON: node --test-reporter=tap suite.mjs
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { exchange } from './exchange.mjs'
import { proxy } from './proxy.mjs'

const { postgrest, diner, spa, tokens, issuer } = JSON.parse(process.env.TENANCY_WORLD)
const server = proxy(postgrest)
let url

before(async () => {
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${server.address().port}`
})
after(() => server.close())

// The product's client: a key, and the tenant in a header, because HTTP keeps no context.
function client(key, { token, tenant, ...headers } = {}) {
  if (tenant !== undefined) headers['x-tenant-id'] = tenant
  if (token) headers.Authorization = `Bearer ${token}`
  return createClient(url, key, { global: { headers }, auth: { persistSession: false } })
}
const staff = (tenant = diner, options = {}) => client(tenant.keys.staff, options)
const visitor = (tenant = diner, options = {}) => client(tenant.keys.public, options)
const customer = () => visitor(diner, { token: tokens.customer, tenant: 'diner' })

// A request below supabase-js, for what fetch does not let through: its status, body and headers.
function raw(path, headers = {}, { method = 'GET', body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/rest/v1/${path}`, { method, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part) => (text += part))
      answer.on('end', () => {
        const { date, ...rest } = answer.headers
        resolve({ status: answer.statusCode, body: text, headers: rest })
      })
    })
    request.on('error', reject).end(body)
  })
}

function ok({ data, error }) {
  assert.equal(error, null)
  return data
}

function refused(code, { data, error }) {
  assert.equal(data, null)
  assert.equal(error?.code, code, JSON.stringify(error))
  return error
}

const ids = (rows) => rows.map((row) => row.id)

test('the tenant context is set by slug and by id', async () => {
  for (const supabase of [staff(), visitor(), customer()]) {
    ok(await supabase.rpc('set_tenant_context', { p_tenant_id: 'diner' }))
    ok(await supabase.rpc('set_tenant_context', { p_tenant_id: diner.id }))
  }
})

test('the context of another tenant, or of none, is TN001', async () => {
  const errors = []
  for (const p_tenant_id of ['spa', spa.id, 'nowhere', '', "' OR true --"]) {
    errors.push(refused('TN001', await staff().rpc('set_tenant_context', { p_tenant_id })))
  }
  for (const error of errors) assert.deepEqual({ ...error }, { ...errors[0] })
})

test('pins are listed in order, and are those of the own tenant', async () => {
  const newest = { ascending: false }
  const pins = ok(await visitor().from('pins').select('*').order('created_at', newest))
  assert.deepEqual(pins.map((pin) => pin.title), diner.pins)
  const others = ok(await visitor(spa).from('pins').select('*').order('created_at', newest))
  assert.deepEqual(others.map((pin) => pin.title), spa.pins)
  assert.ok(pins.every((pin) => pin.tenant_id === diner.id))
})

test('an order is created with an explicit tenant_id', async () => {
  const order = { tenant_id: diner.id, order_number: randomUUID(), total: 12.5 }
  ok(await staff().from('orders').insert([order]))
  const found = ok(await staff().from('orders').select('*').eq('order_number', order.order_number).single())
  assert.equal(found.tenant_id, diner.id)
  assert.equal(found.total, 12.5)
})

test('a customer orders for themself and for nobody else 42501', async () => {
  const order = { tenant_id: diner.id, customer_id: diner.customer, order_number: randomUUID() }
  const mine = ok(await customer().from('orders').insert([order]).select().single())
  assert.equal(mine.customer_id, diner.customer)
  refused('42501', await customer().from('orders').insert([{ ...order, customer_id: diner.regular }]))
  refused('42501', await visitor().from('orders').insert([{ tenant_id: diner.id, order_number: 'x' }]))
})

test('a row of another tenant is no row', async () => {
  const read = (supabase) => supabase.from('orders').select('*').eq('id', spa.order)
  assert.equal(ok(await read(staff(spa)).single()).id, spa.order)
  refused('PGRST116', await read(staff()).single())
  assert.equal(ok(await read(staff()).maybeSingle()), null)
  assert.deepEqual(ok(await staff().from('orders').select('*').eq('tenant_id', spa.id)), [])
})

test('a row for another tenant is refused 42501', async () => {
  const pin = { title: 'Malicious pin' }
  refused('42501', await staff().from('pins').insert([{ ...pin, tenant_id: spa.id }]))
  refused('42501', await staff().from('pins').insert([pin, { ...pin, tenant_id: spa.id }]))
  refused('42501', await staff().from('pins').insert([{ ...pin, tenant_id: randomUUID() }]))
  assert.deepEqual(ok(await staff(spa).from('pins').select('id').eq('title', pin.title)), [])
  const own = ok(await staff().from('pins').insert([{ ...pin, tenant_id: diner.id }]).select().single())
  ok(await client(diner.keys.manager).from('pins').delete().eq('id', own.id))
})

test('updates and deletes reach the own tenant only', async () => {
  const manager = client(diner.keys.manager)
  const paid = { payment_intent_id: 'pi_1', payment_status: 'processing' }
  assert.deepEqual(ok(await staff().from('orders').update(paid).eq('id', spa.order).select()), [])
  assert.equal(ok(await staff().from('orders').update(paid).eq('id', diner.order).select()).length, 1)
  assert.deepEqual(ok(await manager.from('orders').delete().eq('id', spa.order).select()), [])
  refused('42501', await staff().from('orders').delete().eq('id', diner.order))
  const gone = ok(await manager.from('customers').insert([{ full_name: 'Forgotten' }]).select().single())
  assert.equal(ok(await manager.from('customers').delete().eq('id', gone.id).select()).length, 1)
})

test('an upsert keeps the row; with tenant_id in it, it is refused 42501', async () => {
  const order = { id: diner.order, order_number: '1', notes: randomUUID() }
  const [row] = ok(await staff().from('orders').upsert([order]).select())
  assert.deepEqual([row.id, row.notes, row.tenant_id], [diner.order, order.notes, diner.id])
  const named = { onConflict: 'tenant_id,id' }
  assert.equal(ok(await staff().from('orders').upsert([order], named).select()).length, 1)
  refused('42501', await staff().from('orders').upsert([{ ...order, tenant_id: diner.id }]))
})

test('a person is exported with orders, comments and surveys', async () => {
  const exported = async (supabase, id, tenant) => {
    const { data } = await supabase.from('customers').select('*').eq('id', id).eq('tenant_id', tenant).single()
    const [orders, pins, surveys] = await Promise.all([
      supabase.from('orders').select('*').eq('customer_id', id),
      supabase.from('pin_comments').select('*').eq('author_id', id),
      supabase.from('survey_responses').select('*').eq('customer_id', id)
    ])
    return { person: data, orders: ok(orders), pins: ok(pins), surveys: ok(surveys) }
  }
  const found = await exported(staff(), diner.regular, diner.id)
  assert.equal(found.person.id, diner.regular)
  assert.deepEqual([found.orders.length, found.pins.length, found.surveys.length], [1, 1, 1])
  const foreign = await exported(staff(spa), diner.regular, diner.id)
  assert.deepEqual(foreign, { person: null, orders: [], pins: [], surveys: [] })
})

test('what belongs together is fetched together, inside the tenant', async () => {
  const query = 'id, customers (id, full_name), tenant_id'
  const orders = ok(await staff().from('orders').select(query).eq('customer_id', diner.regular))
  assert.equal(orders[0].customers.id, diner.regular)
  const counted = await staff(spa).from('customers').select('*', { count: 'exact', head: true })
  assert.equal(counted.count, 2)
})

test('the audit trail is not served yet 42P01', async () => {
  refused('42P01', await staff().from('audit_logs').select('*').eq('tenant_id', diner.id))
})

test('tenants is the own tenant, without its keys', async () => {
  const [tenant] = ok(await visitor().from('tenants').select('*'))
  assert.deepEqual([tenant.tenant_id, tenant.subdomain, tenant.data_residency], [diner.id, 'diner', 'US'])
  assert.deepEqual(ok(await visitor().from('tenants').select('*').eq('tenant_id', spa.id)), [])
  refused('42703', await visitor().from('tenants').select('api_keys').eq('tenant_id', diner.id))
})

test('a pk_live_ key shows pins and branding, and no person', async () => {
  assert.ok(diner.keys.public.startsWith('pk_live_'))
  assert.equal(ok(await visitor().from('branding').select('branding')).length, 1)
  for (const table of ['orders', 'customers', 'bookings', 'patients', 'survey_responses']) {
    assert.deepEqual(ok(await visitor().from(table).select('id')), [])
  }
  refused('42501', await visitor().from('settings').select('branding'))
})

test('a user sees what is about them', async () => {
  const people = ok(await customer().from('customers').select('id'))
  assert.deepEqual(ids(people), [diner.customer])
  assert.ok(ids(ok(await customer().from('orders').select('id'))).includes(diner.order))
})

test('the tenant comes from the subdomain', async () => {
  const title = async (host, headers) => {
    const { status, body } = await raw('pins?select=title&order=created_at.desc&limit=1', { host, ...headers })
    assert.equal(status, 200, body)
    return JSON.parse(body)[0].title
  }
  assert.equal(await title('diner.chi-pins.com', { apikey: diner.keys.public }), diner.pins[0])
  const both = { authorization: `Bearer ${tokens.both}` }
  assert.equal(await title('diner.chi-pins.com', both), diner.pins[0])
  assert.equal(await title('SPA.chi-pins.com:443', both), spa.pins[0])
})

test('the tenant comes from the header, or from the URL', async () => {
  for (const [tenant, pins] of [['diner', diner.pins], ['spa', spa.pins], [spa.id, spa.pins]]) {
    const supabase = visitor(tenant === 'diner' ? diner : spa, { token: tokens.both, tenant })
    const found = ok(await supabase.from('pins').select('title').order('created_at', { ascending: false }))
    assert.deepEqual(found.map((pin) => pin.title), pins)
    for (const parameter of ['tenant', 'location']) {
      const { body } = await raw(`pins?${parameter}=${tenant}&select=title&order=created_at.desc`, {
        authorization: `Bearer ${tokens.both}`, 'x-tenant-id': tenant
      })
      assert.deepEqual(JSON.parse(body).map((pin) => pin.title), pins)
    }
  }
})

test('every refusal is one answer TN001', async () => {
  const apikey = diner.keys.public
  const fine = await raw('pins?select=id', { apikey })
  assert.equal(fine.status, 200)
  const attempts = {
    anonymous: ['pins', {}],
    'wrong key': ['pins', { apikey: 'pk_live_wrong' }],
    'wrong token': ['pins', { authorization: 'Bearer a.b.c' }],
    'forged token': ['pins', { authorization: `Bearer ${tokens.forged}` }],
    'expired token': ['pins', { authorization: `Bearer ${tokens.expired}` }],
    'basic': ['pins', { authorization: 'Basic eA==' }],
    'key of another tenant, by header': ['pins', { apikey, 'x-tenant-id': 'spa' }],
    'key of another tenant, by id': ['pins', { apikey, 'x-tenant-id': spa.id }],
    'key of another tenant, by host': ['pins', { apikey, host: 'spa.chi-pins.com' }],
    'key of another tenant, beside a token': ['pins', { apikey: spa.keys.public, authorization: `Bearer ${tokens.customer}` }],
    'missing tenant': ['pins', { authorization: `Bearer ${tokens.both}` }],
    'no such tenant': ['pins', { apikey, 'x-tenant-id': 'nowhere' }],
    '?tenant= disagrees': ['pins?tenant=spa', { apikey }],
    '?location= disagrees': ['pins?location=spa', { apikey }],
    '?tenant= disagrees with the header': ['pins?tenant=spa', { apikey, 'x-tenant-id': 'diner' }],
    '?tenant= twice': ['pins?tenant=diner&tenant=spa', { apikey }],
    'suspended tenant': ['pins', { apikey: tokens.suspended }],
    'no such table': ['nothing', { apikey: 'pk_live_wrong' }],
    'a write': ['orders', { 'content-type': 'application/json' }, { method: 'POST', body: '{}' }],
    'a call': ['rpc/set_tenant_context', { 'content-type': 'application/json' }, { method: 'POST', body: '{"p_tenant_id": "diner"}' }],
    'a call for another': ['rpc/set_tenant_context', { apikey, 'content-type': 'application/json' }, { method: 'POST', body: '{"p_tenant_id": "spa"}' }],
    'a call for nobody': ['rpc/set_tenant_context', { apikey, 'content-type': 'application/json' }, { method: 'POST', body: '{"p_tenant_id": "nowhere"}' }]
  }
  for (const [name, attempt] of Object.entries(attempts)) {
    const { status, body, headers } = await raw(...attempt)
    assert.equal(status, 400, `${name}: ${body}`)
    assert.deepEqual(JSON.parse(body), { code: 'TN001', message: 'resource not found', details: null, hint: null }, name)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(Object.keys(headers).sort(), ['connection', 'content-type', 'server', 'transfer-encoding'], name)
  }
})

test('what SQL trusts cannot be said in a header', async () => {
  const forged = {
    'request.jwt.claims': '{"role": "tenancy_manager"}', 'x-tenancy-context': 'x', role: 'tenancy_manager',
    cookie: 'role=tenancy_manager', 'accept-profile': 'api', prefer: 'tx=commit', 'x-forwarded-host': 'diner.chi-pins.com'
  }
  const { status, body } = await raw('orders?select=id', forged)
  assert.deepEqual([status, JSON.parse(body).code], [400, 'TN001'])
  const plan = await raw('tenants', { apikey: diner.keys.staff, accept: 'application/vnd.pgrst.plan' })
  assert.equal(plan.status, 415, plan.body)
  for (const profile of ['app', 'tenancy', 'tenancy_private', 'pg_catalog']) {
    const answer = await raw('tenants', { apikey: diner.keys.staff, 'accept-profile': profile })
    assert.equal(answer.status, 406, answer.body)
  }
})

test('interleaved requests of two tenants share connections and nothing else', async () => {
  const turns = Array.from({ length: 60 }, (_, n) => (n % 2 ? diner : spa))
  const found = await Promise.all(turns.map((tenant, n) =>
    n % 5 === 0
      ? staff(tenant).from('orders').insert([{ order_number: null }])
      : staff(tenant).from('orders').select('tenant_id')))
  turns.forEach((tenant, n) => {
    if (n % 5 === 0) return refused('23502', found[n])
    const seen = new Set(ok(found[n]).map((row) => row.tenant_id))
    assert.deepEqual([...seen], [tenant.id])
  })
})

test('a token signed with RS256 is exchanged for one of ours', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const theirs = { publicKey, issuer: 'https://idp.test', audience: 'shim' }
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = (changes, key = privateKey) => {
    const exp = Math.floor(Date.now() / 1000) + 60
    const claims = { iss: theirs.issuer, aud: theirs.audience, exp, sub: diner.customer, ...changes }
    const text = `${encode({ alg: 'RS256' })}.${encode(claims)}`
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
  }
  const supabase = visitor(diner, { token: exchange(token(), theirs, issuer) })
  assert.deepEqual(ids(ok(await supabase.from('customers').select('id'))), [diner.customer])
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  for (const bad of [token({}, stranger), token({ exp: 1 }), token({ aud: 'x' }), token({ iss: 'x' }), 'a.b.c', '']) {
    assert.throws(() => exchange(bad, theirs, issuer), /resource not found/)
  }
  refused('TN001', await visitor(diner, { token: token() }).from('pins').select('id'))
})
