import type { RepositoryName } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { Secret } from '@forkproof/infra/secret'
import { createAppClient } from './app/app-client.ts'
import { AppInstallations } from './app/app-installations.ts'
import { fixedAuthorization, noAuthorization } from './authorization.ts'
import type { Fetch } from './bounded-fetch.ts'
import { GithubCredential } from './credential.ts'
import { kindOfSecret } from './credential-kind.ts'
import { CredentialPool, type OnRefusal } from './credential-pool.ts'
import { createLogPages, type LogPages } from './log-pages.ts'
import { readRepositoryName } from './repository-name.ts'
import type { ReadingPurpose } from './request-priority.ts'
import { createRunReader, type RunReader } from './run-reader.ts'
import type { RunTarget } from './run-target.ts'

interface GithubReaderOptions {
  readonly githubApiUrl: string
  readonly githubWebUrl: string
  readonly githubPointsMinute: number
  readonly githubTokens?: Secret<readonly string[]> | undefined
  readonly githubAppId?: string | undefined
  readonly githubAppPrivateKey?: Secret | undefined
  /** Without it the live log cannot be read. */
  readonly logSessionCookie?: Secret | undefined
}

interface GithubReaderDeps {
  /** Whether a trust relationship names the repository. */
  readonly isRelated: (repository: RepositoryName) => boolean
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Logger
  readonly onRefusal?: OnRefusal
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal
}

/** Readers of single runs. All of them draw on the same credentials and their budgets. */
export interface GithubReaders {
  readonly runReader: (target: RunTarget, purpose: ReadingPurpose) => RunReader
  /** The present name of a repository; undefined when it is not public. */
  readonly repositoryName: (id: string, signal: AbortSignal) => Promise<RepositoryName | undefined>
  readonly pool: Pick<CredentialPool, 'serveableAtMs' | 'figures'>
  /** Undefined without a session cookie. */
  readonly logPages: ((target: RunTarget) => LogPages) | undefined
}

export function createGithubReaders(
  options: GithubReaderOptions,
  { isRelated, fetch, clock, log, onRefusal, stopping }: GithubReaderDeps,
): GithubReaders {
  const { githubApiUrl: apiUrl, githubWebUrl: webUrl, logSessionCookie: cookie } = options
  const shared = { baseUrl: apiUrl, fetch, clock, log, pointsMinute: options.githubPointsMinute }
  const credentials = (options.githubTokens?.reveal() ?? []).map((token, index) => {
    const name = `github-${index + 1}`
    return new GithubCredential({
      ...shared,
      name,
      kind: kindOfSecret(token),
      authorization: fixedAuthorization(token),
    })
  })
  const anonymous = { name: 'anonymous', kind: 'anonymous', authorization: noAuthorization } as const
  const fixed = [...credentials, new GithubCredential({ ...shared, ...anonymous })]
  const { githubAppId: appId, githubAppPrivateKey: privateKey } = options
  const installations =
    appId !== undefined && privateKey
      ? new AppInstallations({
          client: createAppClient({ appId, privateKey, baseUrl: apiUrl, fetch, clock }),
          credentialOf: ({ id, account }, authorization) =>
            new GithubCredential({
              ...shared,
              name: `installation-${id}`,
              kind: 'app-installation',
              account,
              authorization,
            }),
          clock,
          log,
          stopping,
        })
      : undefined
  const pool = new CredentialPool({ fixed, installations }, clock, onRefusal)
  return {
    runReader: (target, purpose) => {
      // Asked anew for each request: a relationship may come while a run is watched.
      const priority = () => (purpose === 'build' ? 'admitted' : isRelated(target.repository) ? 'related' : 'unknown')
      return createRunReader({ pool, fetch, apiUrl, priority }, target)
    },
    repositoryName: (id, signal) => readRepositoryName(pool, id, signal),
    pool,
    logPages: cookie && (target => createLogPages({ fetch, webUrl, cookie }, target)),
  }
}
