import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Clock } from '@forkproof/infra/clock'
import { Secret } from '@forkproof/infra/secret'
import { SignJWT } from 'jose'
import { z } from 'zod'
import type { Fetch } from '../bounded-fetch.ts'
import { GithubFault } from '../fault.ts'
import { githubLimits } from '../limits.ts'

const pageSize = 100
/** GitHub takes ten minutes at most; a clock that is a minute ahead must not spoil the token. */
const jwtLifeSeconds = 540
const jwtSkewSeconds = 60

const Installation = z.object({
  id: z.int().positive(),
  account: z.object({ login: z.string().min(1) }).nullable(),
  suspended_at: z.string().nullish(),
})
const InstallationToken = z.object({
  token: z.string().regex(/^[\x21-\x7e]{4,1024}$/),
  expires_at: z.iso.datetime({ offset: true }).transform(text => Date.parse(text)),
})

/** A place where the App is installed. `account` is the owner's login. */
export interface AppInstallation {
  readonly id: number
  readonly account: string
}
export interface IssuedInstallationToken {
  readonly token: Secret
  readonly expiresAtMs: number
}

/**
 * What a GitHub App does as itself (docs/facts/github.md#app-installations). Methods throw GithubFault and never retry;
 * `limited` says that the App or the installation is refused, and until when it is not worth asking.
 */
export interface AppClient {
  /** Without suspended ones. */
  installations(signal: AbortSignal): Promise<readonly AppInstallation[]>
  token(installationId: number, signal: AbortSignal): Promise<IssuedInstallationToken>
}

interface AppClientDeps {
  readonly appId: string
  /** PEM as GitHub gives it (PKCS #1), or PKCS #8. */
  readonly privateKey: Secret
  readonly baseUrl: string
  readonly fetch: Fetch
  readonly clock: Clock
}

export function createAppClient({ appId, privateKey, baseUrl, fetch, clock }: AppClientDeps): AppClient {
  const key = createPrivateKey(privateKey.reveal())
  const ask = async (method: 'GET' | 'POST', path: string, signal: AbortSignal): Promise<Response> => {
    const headers = {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${await signJwt(appId, key, clock)}`,
      'x-github-api-version': '2022-11-28',
    }
    return fetch(`${baseUrl}${path}`, { method, headers, signal })
  }
  const refused = (status: number): GithubFault => {
    if (status >= 500) return new GithubFault('server-error', `app: status ${status}`)
    const retryAtMs = clock.now() + githubLimits.refusedCredentialMs
    return new GithubFault('limited', `app: status ${status}`, { retryAtMs })
  }
  return {
    installations: async signal => {
      const found: AppInstallation[] = []
      for (let page = 1; page <= githubLimits.pagesMax; page++) {
        const response = await ask('GET', `/app/installations?per_page=${pageSize}&page=${page}`, signal)
        if (response.status !== 200) throw refused(response.status)
        const listed = parse(z.array(Installation), await response.text())
        for (const { id, account, suspended_at } of listed) {
          if (account && !suspended_at) found.push({ id, account: account.login.toLowerCase() })
        }
        if (listed.length < pageSize) break
      }
      return found
    },
    token: async (installationId, signal) => {
      const response = await ask('POST', `/app/installations/${installationId}/access_tokens`, signal)
      if (response.status !== 201) throw refused(response.status)
      const { token, expires_at } = parse(InstallationToken, await response.text())
      return { token: new Secret(token), expiresAtMs: expires_at }
    },
  }
}

function signJwt(appId: string, key: KeyObject, clock: Clock): Promise<string> {
  const nowSeconds = Math.floor(clock.now() / 1_000)
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(appId)
    .setIssuedAt(nowSeconds - jwtSkewSeconds)
    .setExpirationTime(nowSeconds + jwtLifeSeconds)
    .sign(key)
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // Without its cause: the text holds a token.
    throw new GithubFault('malformed', 'app: unexpected answer')
  }
}
