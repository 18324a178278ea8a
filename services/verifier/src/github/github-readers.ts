import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import type { Fetch } from './bounded-fetch.ts'
import { GithubCredential } from './credential.ts'
import { CredentialPool } from './credential-pool.ts'
import { createLogPages, type LogPages } from './log-pages.ts'
import { createRunReader, type RunReader } from './run-reader.ts'
import type { RunTarget } from './run-target.ts'

interface GithubReaderOptions {
  readonly githubApiUrl: string
  readonly githubWebUrl: string
  readonly githubTokens: Secret<readonly string[]>
  /** Without it the live log cannot be read. */
  readonly logSessionCookie?: Secret | undefined
}

interface GithubReaderDeps {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Logger
}

/** Readers of single runs. All of them draw on the same credentials and their budgets. */
export interface GithubReaders {
  readonly runReader: (target: RunTarget) => RunReader
  /** Undefined without a session cookie. */
  readonly logPages: ((target: RunTarget) => LogPages) | undefined
}

export function createGithubReaders(
  options: GithubReaderOptions,
  { fetch, clock, log }: GithubReaderDeps,
): GithubReaders {
  const { githubApiUrl: apiUrl, githubWebUrl: webUrl, logSessionCookie: cookie } = options
  const credentials = options.githubTokens.reveal().map((token, index) => {
    const name = `github-${index + 1}`
    return new GithubCredential({ name, secret: new Secret(token), baseUrl: apiUrl, fetch, clock, log })
  })
  const pool = new CredentialPool(credentials, clock)
  return {
    runReader: target => createRunReader({ pool, fetch, apiUrl }, target),
    logPages: cookie && (target => createLogPages({ fetch, webUrl, cookie }, target)),
  }
}
