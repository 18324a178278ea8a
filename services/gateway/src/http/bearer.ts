import { Secret } from '@forkproof/infra/secret'

/**
 * The token of an Authorization header (RFC 6750 section 2.1; the scheme ignores case). `undefined` without a
 * token of that form.
 */
export function bearerOf(authorization: string | undefined): Secret<string> | undefined {
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '')?.[1]
  return token === undefined ? undefined : new Secret(token)
}
