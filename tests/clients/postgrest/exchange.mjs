// An issuer's RS256 token for one of ours that lives a minute: what tenancy.pre_request() verifies.
import { createHmac, verify } from 'node:crypto'

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (text) => Buffer.from(text ?? '', 'base64url')

export function exchange(token, theirs, ours) {
  const [head, body, signature] = token.split('.')
  const signed = verify('RSA-SHA256', Buffer.from(`${head}.${body}`), theirs.publicKey, decode(signature))
  const { iss, aud, sub, exp } = signed ? JSON.parse(decode(body)) : {}
  const now = Math.floor(Date.now() / 1000)
  if (iss !== theirs.issuer || aud !== theirs.audience || !(exp > now)) throw new Error('resource not found')
  const claims = { iss: ours.issuer, aud: ours.audience, sub, exp: Math.min(exp, now + 60) }
  const text = `${encode({ alg: 'HS256' })}.${encode(claims)}`
  return `${text}.${createHmac('sha256', ours.secret).update(text).digest('base64url')}`
}
