import type { Clock } from '@forkproof/infra/clock'
import type { Fetch } from '../github/bounded-fetch.ts'
import type { GithubFault } from '../github/fault.ts'
import { baseRepository, type Json, rawJob, rawPullRequest, rawRun } from './fake-github-answers.ts'

type Read = 'repository' | 'run' | 'jobs' | 'job' | 'artifacts' | 'pullRequests' | 'pullRequestEvents' | 'jobLog'

const apiUrl = 'https://api.github.example'
const webUrl = 'https://github.example'
const logHostUrl = 'https://logs.example'
const stepId = 'step-1'

/** One run at GitHub behind a `fetch`: answers REST requests with ETags and log pages, and remembers what was asked. */
export class FakeGithub {
  readonly apiUrl = apiUrl
  readonly webUrl = webUrl
  run: Json | 'missing' | 'moved' = rawRun()
  jobs: Json[] = [rawJob()]
  artifacts: Json[] = []
  pullRequests: Json[] = [rawPullRequest()]
  /** Of any pull request. */
  pullRequestEvents: Json[] = []
  readonly jobLogs = new Map<number, string>()
  readonly liveLines: string[] = []
  stepStatus = 'in_progress'
  latencyMs = 0
  /** What is left of the credential's 5,000 requests an hour. */
  budgetLeft = 4_900
  /** Called before each answer, so that a test can let the run change as time passes. */
  onRequest: (nowMs: number) => void = () => undefined
  /** How far this GitHub's clock is ahead; without it answers have no `Date`. */
  aheadMs: number | undefined
  /** Lists have half of the entries that their count says. */
  cutsPages = false
  /** Of answers by a request limit: 403 or 429. */
  limitStatus = 429
  /** What a request through the REST API meets instead of an answer. */
  fault: GithubFault | undefined
  /** The same for the log pages. */
  webFault: GithubFault | undefined
  /** Requests of this kind are never answered. */
  silentAbout: Read | undefined
  readonly asked: Read[] = []
  /** Those of them that cost something: all but answers with status 304. */
  readonly counted: Read[] = []
  /** Requests to the log pages. */
  webCount = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly fetch: Fetch = async (input, init = {}) => {
    const url = new URL(String(input))
    const signal = init.signal ?? undefined
    if (url.origin === logHostUrl) return text(200, this.jobLogs.get(Number(url.pathname.slice(1))) ?? '')
    if (url.origin === webUrl) return this.#web(url.pathname, signal)
    const read = readOf(url.pathname)
    this.asked.push(read)
    if (read === this.silentAbout) return new Promise(() => undefined)
    if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs, signal)
    this.onRequest(this.#clock.now())
    const response = this.fault ? this.#failed(this.fault) : this.#answer(read, url, new Headers(init.headers))
    if (response.status !== 304 && !this.fault) this.counted.push(read)
    return response
  }

  countOf(read: Read): number {
    return this.counted.filter(one => one === read).length
  }

  #answer(read: Read, url: URL, headers: Headers): Response {
    switch (read) {
      case 'repository':
        return this.#conditional(baseRepository, headers)
      case 'run':
        if (this.run === 'missing') return this.#json(404, { message: 'Not Found' })
        if (this.run === 'moved') return this.#json(301, {}, { location: `${apiUrl}/repositories/1001` })
        return this.#conditional(this.run, headers)
      case 'jobs':
        return this.#conditional({ total_count: this.jobs.length, jobs: this.#pageOf(this.jobs, url) }, headers)
      case 'job': {
        const job = this.jobs.find(({ id }) => String(id) === url.pathname.split('/').at(-1))
        return job ? this.#conditional(job, headers) : this.#json(404, { message: 'Not Found' })
      }
      case 'artifacts': {
        const name = url.searchParams.get('name')
        const listed = this.artifacts.filter(artifact => name === null || artifact['name'] === name)
        return this.#conditional({ total_count: listed.length, artifacts: this.#pageOf(listed, url) }, headers)
      }
      case 'pullRequests':
        return this.#conditional(this.pullRequests, headers)
      case 'pullRequestEvents':
        return this.#conditional(this.pullRequestEvents, headers)
      case 'jobLog': {
        const jobId = Number(url.pathname.split('/').at(-2))
        if (!this.jobLogs.has(jobId)) return this.#json(404, { message: 'Not Found' })
        return this.#json(302, {}, { location: `${logHostUrl}/${jobId}` })
      }
    }
  }

  #pageOf(items: readonly Json[], url: URL): readonly Json[] {
    const size = Number(url.searchParams.get('per_page') ?? 30)
    const page = Number(url.searchParams.get('page') ?? 1)
    const whole = items.slice((page - 1) * size, page * size)
    return this.cutsPages ? whole.slice(0, whole.length / 2) : whole
  }

  #conditional(value: unknown, headers: Headers): Response {
    const body = JSON.stringify(value)
    const etag = `"${Buffer.from(body).toString('base64url')}"`
    return headers.get('if-none-match') === etag
      ? this.#json(304, undefined, { etag })
      : this.#json(200, value, { etag })
  }

  #json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
    const budget = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': String(this.budgetLeft) }
    const date = this.aheadMs === undefined ? {} : { date: new Date(this.#clock.now() + this.aheadMs).toUTCString() }
    const body = value === undefined ? null : JSON.stringify(value)
    const all = { 'content-type': 'application/json', ...date, ...budget, ...headers }
    return new Response(body, { status, headers: all })
  }

  /** The answer that leads to this fault, or the fault itself where there is no answer. */
  #failed(fault: GithubFault): Response {
    switch (fault.kind) {
      case 'unreachable':
        throw fault
      case 'malformed':
        return text(200, '<html>')
      case 'server-error':
        return text(502, 'Bad Gateway')
      case 'forbidden':
        return text(403, 'IP allow list')
      case 'limited': {
        const waitMs = (fault.retryAtMs ?? this.#clock.now()) - this.#clock.now()
        return text(this.limitStatus, 'rate limit', { 'retry-after': String(Math.ceil(waitMs / 1_000)) })
      }
    }
  }

  async #web(path: string, signal: AbortSignal | undefined): Promise<Response> {
    this.webCount += 1
    if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs, signal)
    if (this.webFault?.kind === 'forbidden') return text(302, '', { location: `${webUrl}/login` })
    if (this.webFault) return this.#failed(this.webFault)
    const job = /^(.*)\/job\/(\d+)$/.exec(path)
    if (job) return text(200, `<a href="${job[1]}/jobs/hidden${job[2]}/steps/${stepId}/backscroll">`)
    if (path.endsWith('/steps')) return this.#json(200, [{ id: stepId, status: this.stepStatus }])
    return this.#json(200, { lines: this.liveLines.map(line => ({ line })) })
  }
}

const text = (status: number, body: string, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers })

function readOf(path: string): Read {
  if (/^\/repositories\/\d+$/.test(path)) return 'repository'
  if (path.endsWith('/logs')) return 'jobLog'
  if (/\/actions\/jobs\/\d+$/.test(path)) return 'job'
  if (path.endsWith('/jobs')) return 'jobs'
  if (path.endsWith('/artifacts')) return 'artifacts'
  if (path.endsWith('/events')) return 'pullRequestEvents'
  return path.endsWith('/pulls') ? 'pullRequests' : 'run'
}
