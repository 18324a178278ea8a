import { z } from 'zod'
import type { Fetch } from './bounded-fetch.ts'
import type { GithubAnswer, GithubRequest } from './credential.ts'
import type { CredentialPool } from './credential-pool.ts'
import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import type { RequestPriority } from './request-priority.ts'
import { type RunTarget, runKey } from './run-target.ts'
import {
  type GithubArtifact,
  GithubArtifactPage,
  type GithubIssueEvent,
  GithubIssueEventList,
  GithubJob,
  GithubJobPage,
  type GithubPullRequest,
  GithubPullRequestList,
  GithubRun,
} from './schemas.ts'

/** A list read over its pages. `counted` is how many of the requests cost something. */
export interface Listing<T> {
  readonly items: readonly T[]
  readonly counted: number
  /** Whether these are all; false when there are more pages than are read. */
  readonly complete: boolean
}

export type RunAnswer = GithubAnswer<GithubRun>

/** Whether the items of a page make the following pages needless. */
type EnoughItems<T> = (page: readonly T[]) => boolean

/**
 * Everything that is read about one run through GitHub's REST API. Every method may throw GithubFault; none retries.
 */
export interface RunReader {
  run(signal: AbortSignal): Promise<RunAnswer>
  /** The jobs of an attempt; pages after one that is `enough` are not read. */
  jobs(attempt: number, signal: AbortSignal, enough?: EnoughItems<GithubJob>): Promise<Listing<GithubJob>>
  /** One job, of whichever run and attempt it is. */
  job(jobId: number, signal: AbortSignal): Promise<GithubAnswer<GithubJob>>
  /** The artifacts, the newest first; pages after one that is `enough` are not read. */
  newestArtifacts(signal: AbortSignal, enough?: EnoughItems<GithubArtifact>): Promise<Listing<GithubArtifact>>
  /** The artifacts of exactly this name. While there is none, the answer does not change and costs nothing. */
  artifactsNamed(name: string, signal: AbortSignal): Promise<Listing<GithubArtifact>>
  /** Pull requests whose head is `owner:branch`, the newest first. */
  pullRequests(head: { owner: string; branch: string }, signal: AbortSignal): Promise<Listing<GithubPullRequest>>
  /** What happened to a pull request, as far as it can be read in a few pages; undefined when that is not all. */
  pullRequestEvents(
    number: number,
    signal: AbortSignal,
  ): Promise<{ readonly events: readonly GithubIssueEvent[] | undefined; readonly counted: number }>
  /** Text of a finished job's log; undefined while GitHub has none. */
  jobLog(jobId: number, signal: AbortSignal): Promise<{ text: string | undefined; counted: number }>
  readonly slowdown: () => number
}

export function createRunReader(
  deps: { pool: CredentialPool; fetch: Fetch; apiUrl: string; priority: () => RequestPriority },
  target: RunTarget,
): RunReader {
  const [owner = '', repo = ''] = target.repository.split('/')
  const where = { owner, repo }
  const run = { ...where, run_id: target.runId }
  const stickyKey = runKey(target)
  const get = <S extends z.ZodType>(request: GithubRequest<S>, signal: AbortSignal) =>
    deps.pool.get({ repository: target.repository, stickyKey, priority: deps.priority() }, request, signal)
  const artifactPage = async (query: Readonly<Record<string, string | number>>, signal: AbortSignal) => {
    const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts'
    const request = { route, parameters: { ...run, ...query }, schema: GithubArtifactPage } as const
    return pageOf(await get(request, signal), value => value.artifacts)
  }
  return {
    slowdown: () => deps.pool.slowdown({ repository: target.repository, stickyKey, priority: deps.priority() }),
    run: signal =>
      get({ route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}', parameters: run, schema: GithubRun }, signal),
    jobs: (attempt, signal, enough) =>
      readPages(async page => {
        const route = 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs'
        const parameters = { ...run, attempt_number: attempt, ...page }
        return pageOf(await get({ route, parameters, schema: GithubJobPage }, signal), value => value.jobs)
      }, enough),
    job: (jobId, signal) => {
      const route = 'GET /repos/{owner}/{repo}/actions/jobs/{job_id}'
      return get({ route, parameters: { ...where, job_id: jobId }, schema: GithubJob }, signal)
    },
    newestArtifacts: (signal, enough) =>
      readPages(page => artifactPage({ direction: 'desc', ...page }, signal), enough),
    artifactsNamed: (name, signal) => readPages(page => artifactPage({ name, ...page }, signal)),
    pullRequests: async (head, signal) => {
      const parameters = {
        ...where,
        state: 'all',
        head: `${head.owner}:${head.branch}`,
        per_page: githubLimits.pageSizeMax,
      }
      const answer = await get(
        { route: 'GET /repos/{owner}/{repo}/pulls', parameters, schema: GithubPullRequestList },
        signal,
      )
      if (answer.kind !== 'found') return { items: [], counted: 1, complete: true }
      return { items: answer.value, counted: answer.counted ? 1 : 0, complete: true }
    },
    pullRequestEvents: async (number, signal) => {
      const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/events'
      const events: GithubIssueEvent[] = []
      let counted = 0
      for (let page = 1; page <= githubLimits.eventPagesMax; page++) {
        const parameters = { ...where, issue_number: number, per_page: githubLimits.pageSizeMax, page }
        const answer = await get({ route, parameters, schema: GithubIssueEventList }, signal)
        counted += answer.kind === 'found' && !answer.counted ? 0 : 1
        if (answer.kind !== 'found') return { events: undefined, counted }
        events.push(...answer.value)
        if (answer.value.length < githubLimits.pageSizeMax) return { events, counted }
      }
      return { events: undefined, counted }
    },
    jobLog: async (jobId, signal) => {
      const route = 'GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs'
      const answer = await get({ route, parameters: { ...where, job_id: jobId }, schema: z.unknown() }, signal).catch(
        closedLog,
      )
      if (answer.kind !== 'moved') return { text: undefined, counted: 1 }
      return { text: await download(deps, answer.location, signal), counted: 1 }
    },
  }
}

/** Logs may be closed to us where everything else is open: then GitHub has none for us. */
function closedLog(error: unknown): { readonly kind: 'missing' } {
  if (error instanceof GithubFault && error.isFinal) return { kind: 'missing' }
  throw error
}

interface ListingPage<T> {
  readonly items: readonly T[]
  readonly total: number
  readonly counted: number
}

function pageOf<V extends { total_count: number }, T>(
  answer: GithubAnswer<V>,
  items: (value: V) => readonly T[],
): ListingPage<T> {
  // Gone between two requests: an empty list. The next reading of the run says why.
  if (answer.kind !== 'found') return { items: [], total: 0, counted: 1 }
  return { items: items(answer.value), total: answer.value.total_count, counted: answer.counted ? 1 : 0 }
}

async function readPages<T>(
  read: (page: { per_page: number; page: number }) => Promise<ListingPage<T>>,
  enough: EnoughItems<T> = () => false,
): Promise<Listing<T>> {
  const items: T[] = []
  let counted = 0
  for (let page = 1; page <= githubLimits.pagesMax; page++) {
    const got = await read({ per_page: githubLimits.pageSizeMax, page })
    items.push(...got.items)
    counted += got.counted
    const complete = items.length >= got.total
    // A page that is cut short ends the list, but it is not all of it.
    const isLast = complete || got.items.length < githubLimits.pageSizeMax
    if (isLast || enough(got.items)) return { items, counted, complete }
  }
  return { items, counted, complete: false }
}

/**
 * The log is at a signed address of another host: fetched without our credential, and over https unless the API is
 * local.
 */
async function download(
  { fetch, apiUrl }: { fetch: Fetch; apiUrl: string },
  location: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (location === undefined || !URL.canParse(location)) throw new GithubFault('malformed', 'a redirect to nowhere')
  const { protocol } = new URL(location)
  if (protocol !== 'https:' && protocol !== new URL(apiUrl).protocol) {
    throw new GithubFault('malformed', 'a redirect to an insecure address')
  }
  const response = await fetch(location, { signal })
  // A job's log may appear after the job's end (docs/facts/github.md#job-logs).
  if (response.status === 404) return undefined
  if (response.status !== 200) throw new GithubFault('server-error', `log download: status ${response.status}`)
  return response.text()
}
