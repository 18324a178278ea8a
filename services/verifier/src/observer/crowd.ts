import type { JobId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { clockSkewMs } from '../core/limits.ts'
import { githubLimits } from '../github/limits.ts'
import type { Listing } from '../github/run-reader.ts'
import type { GithubJob } from '../github/schemas.ts'
import type { ClaimWatch } from './claim-watch.ts'
import { pollLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'

interface CrowdDeps {
  readonly sources: RunSources
  readonly clock: Clock
  readonly watches: () => readonly ClaimWatch[]
}

/**
 * Reads for all claims that wait for one run. A few claims each have their own artifact or job read: two counted
 * requests at most, however busy the run is, because what stays as it was is answered 304. Many share one list, which
 * costs a request whenever anything in it changes, but one for all.
 */
export class Crowd {
  readonly #deps: CrowdDeps
  #artifactsSharedUntilMs = 0

  constructor(deps: CrowdDeps) {
    this.#deps = deps
  }

  /** Resolves to the counted requests. */
  async readArtifacts(due: readonly ClaimWatch[], nowMs: number): Promise<number> {
    const { sources } = this.#deps
    if (!this.#sharesArtifacts(nowMs)) return this.#readNames(due, nowMs)
    const claimedMs = this.#waiting.map(({ spec }) => spec.claimedAtMs)
    const sinceMs = Math.min(...claimedMs) - clockSkewMs
    sources.wantArtifactsSince(sinceMs)
    const { items, complete, counted } = await sources.newestArtifacts.since(nowMs)
    // More artifacts are new than are read: the codes may be beyond them.
    const hidden = !complete && items.length >= githubLimits.pagesMax * githubLimits.pageSizeMax
    return hidden ? counted + (await this.#readNames(due, nowMs)) : counted
  }

  /** Resolves to the counted requests. */
  async readJobs(due: readonly ClaimWatch[], attempt: number, nowMs: number): Promise<number> {
    const { sources } = this.#deps
    const ids = due.flatMap(({ spec }) => spec.jobId ?? [])
    const shared = ids.length < due.length || this.#sharesJobs(attempt)
    if (shared) return (await sources.jobs(attempt).since(nowMs)).counted
    return countedOf([...new Set(ids)].map(id => sources.job(Number(id)).since(nowMs)))
  }

  /** The job that a claim names, alone or, a little older, as part of the list; empty when GitHub shows no such job. */
  async readJob(jobId: JobId, attempt: number, sinceMs: number): Promise<Listing<GithubJob>> {
    const { sources } = this.#deps
    if (this.#sharesJobs(attempt)) {
      const list = await sources.jobs(attempt).since(sinceMs - pollLimits.jobsFreshMs)
      const isThere = list.items.some(({ id }) => String(id) === jobId)
      if (isThere || list.complete) return list
    }
    return sources.job(Number(jobId)).since(sinceMs)
  }

  get #waiting(): readonly ClaimWatch[] {
    return this.#deps.watches().filter(watch => watch.reads('artifact list') && watch.phase !== 'settled')
  }

  #sharesArtifacts(nowMs: number): boolean {
    const many = this.#waiting.length > pollLimits.aloneMax
    if (many) this.#artifactsSharedUntilMs = nowMs + pollLimits.sharedMs
    return nowMs < this.#artifactsSharedUntilMs
  }

  /** A list of hundreds of jobs is worth it for as many claims as it has pages. */
  #sharesJobs(attempt: number): boolean {
    const { sources, watches } = this.#deps
    const named = new Set(watches().flatMap(({ spec }) => spec.jobId ?? []))
    return named.size > Math.max(pollLimits.aloneMax, sources.jobPages(attempt))
  }

  #readNames(due: readonly ClaimWatch[], nowMs: number): Promise<number> {
    const { sources } = this.#deps
    return countedOf(due.map(({ spec }) => sources.artifactsNamed(spec.challengeCode).since(nowMs)))
  }
}

/** Waits for all of them, so that one that fails spoils nothing that was read. Then throws its error. */
async function countedOf(readings: readonly Promise<Listing<unknown>>[]): Promise<number> {
  let counted = 0
  for (const outcome of await Promise.allSettled(readings)) {
    if (outcome.status === 'rejected') throw outcome.reason
    counted += outcome.value.counted
  }
  return counted
}
