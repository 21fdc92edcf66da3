// Between supabase-js and PostgREST: takes /rest/v1 off, and lets SQL see what PostgREST would refuse.
import http from 'node:http'

const HINTS = { tenant: 'x-tenant-id', location: 'x-location-id' }

export function proxy(postgrest) {
  return http.createServer((request, response) => {
    const url = new URL(request.url, postgrest)
    if (!url.pathname.startsWith('/rest/v1/')) return response.writeHead(404).end()
    url.pathname = url.pathname.slice('/rest/v1'.length)

    const { connection, ...headers } = request.headers
    headers['x-forwarded-host'] = request.headers.host
    headers['x-forwarded-for'] = request.socket.remoteAddress
    // supabase-js asks for schema public unless told otherwise; ours is the first that is exposed.
    for (const header of ['accept-profile', 'content-profile']) {
      if (headers[header] === 'public') delete headers[header]
    }
    // PostgREST takes ?tenant= for a filter. Two names that differ are sent as both: no tenant's.
    for (const [parameter, header] of Object.entries(HINTS)) {
      if (!url.searchParams.has(parameter)) continue
      const names = new Set([...url.searchParams.getAll(parameter), headers[header]])
      headers[header] = [...names].filter((name) => name !== undefined).join(', ')
      url.searchParams.delete(parameter)
    }
    // Without a jwt-secret PostgREST answers 500 to any token; tenancy.pre_request() verifies it.
    delete headers['x-authorization']
    if (headers.authorization) headers['x-authorization'] = headers.authorization
    delete headers.authorization

    // No agent: PostgREST closes idle connections without notice, and a reused one would give 502.
    const forward = http.request(url, { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    forward.on('error', () => response.writeHead(502).end())
    request.pipe(forward)
  })
}
