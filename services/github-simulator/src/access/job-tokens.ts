import { randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { GithubStore } from '../store/github-store.ts'
import type { StoredJob, StoredRun } from '../store/stored-types.ts'

const tokenIssuer = 'forkproof-simulator-job-tokens'
const lifetimeSeconds = 6 * 3_600
const algorithm = 'HS256'

export interface TokenJob {
  job: StoredJob
  run: StoredRun
}

/**
 * The tokens that a job's processes get from its runner: for the artifact service, and for asking for an ID token.
 * They are worthless once the job is over.
 */
export class JobTokens {
  readonly #key = randomBytes(32)
  readonly #store: GithubStore

  constructor(store: GithubStore) {
    this.#store = store
  }

  /** `@actions/artifact` reads the two backend ids out of `scp`. */
  runtimeToken(job: StoredJob, attemptBackendId: string): Promise<string> {
    return this.#sign(`Actions.Results:${attemptBackendId}:${job.backendId}`)
  }

  idTokenRequestToken(job: StoredJob, attemptBackendId: string): Promise<string> {
    return this.#sign(`Actions.IdToken:${attemptBackendId}:${job.backendId}`)
  }

  /** The running job whose token of that kind this is, else `undefined`. */
  async verify(
    authorization: string | undefined,
    kind: 'Actions.Results' | 'Actions.IdToken',
  ): Promise<TokenJob | undefined> {
    const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return undefined
    const scope = await this.#scopeOf(token)
    const [scopeKind, attemptBackendId, jobBackendId] = scope?.split(':') ?? []
    const jobId = this.#store.jobsByBackendId.get(jobBackendId ?? '')
    if (scopeKind !== kind || jobId === undefined) return undefined
    const job = this.#store.job(jobId)
    const run = this.#store.run(job.runId)
    const attempt = run.attempts.find(candidate => candidate.number === job.attempt)
    return attempt?.backendId === attemptBackendId && job.status !== 'completed' ? { job, run } : undefined
  }

  async #scopeOf(token: string): Promise<string | undefined> {
    try {
      const now = new Date(this.#store.now())
      const { payload } = await jwtVerify(token, this.#key, {
        issuer: tokenIssuer,
        algorithms: [algorithm],
        currentDate: now,
      })
      return typeof payload['scp'] === 'string' ? payload['scp'] : undefined
    } catch {
      return undefined
    }
  }

  #sign(scp: string): Promise<string> {
    const now = Math.floor(this.#store.now() / 1_000)
    return new SignJWT({ scp })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(tokenIssuer)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(this.#key)
  }
}
