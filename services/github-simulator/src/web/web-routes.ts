import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@forkproof/infra/secret'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dials } from '../dials/dials.ts'
import { leaveOpen } from '../rest/serve.ts'
import type { Simulation } from '../simulation.ts'
import type { Job } from '../state/model.ts'
import { backscrollDocument, jobPageHtml, stepsDocument } from './log-pages.ts'

interface Params {
  owner: string
  repo: string
  run: string
  job: string
  step?: string
}

interface PageCall {
  params: Params
  dials: Dials
  now: number
}

interface Page {
  name: string
  path: string
  findJob: (simulation: Simulation, text: string) => number | undefined
  /** `undefined` is 404; a string is HTML. */
  render: (job: Job, call: PageCall) => unknown
}

const pages: Page[] = [
  {
    name: 'job page',
    path: '/:owner/:repo/actions/runs/:run/job/:job',
    findJob: (_simulation, text) => Number(text),
    render: (job, { params, dials, now }) =>
      jobPageHtml(`/${params.owner}/${params.repo}/actions/runs/${params.run}`, job, now - dials.stepNameLagMs),
  },
  {
    name: 'steps',
    path: '/:owner/:repo/actions/runs/:run/jobs/:job/steps',
    findJob: (simulation, text) => simulation.store.jobsByHiddenId.get(text),
    render: (job, { dials, now }) => stepsDocument(job, now - dials.stepNameLagMs),
  },
  {
    name: 'backscroll',
    path: '/:owner/:repo/actions/runs/:run/jobs/:job/steps/:step/backscroll',
    findJob: (simulation, text) => simulation.store.jobsByHiddenId.get(text),
    render: (job, { params, dials, now }) => backscrollDocument(job, params.step ?? '', now - dials.logLagMs),
  },
]

/**
 * The undocumented pages where logs can be read live. They are served below `/web`, and below `/` as well, since the
 * addresses inside the job's page are the site's own.
 */
export function registerWebRoutes(app: FastifyInstance, simulation: Simulation, session: Secret): void {
  for (const page of pages) {
    for (const prefix of ['/web', '']) {
      app.get<{ Params: Params }>(`${prefix}${page.path}`, (request, reply) =>
        servePage(simulation, session, page, request, reply),
      )
    }
  }
}

async function servePage(
  simulation: Simulation,
  session: Secret,
  page: Page,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<void> {
  const repository = simulation.store.findRepository(request.params.owner, request.params.repo)
  const dials = simulation.dials.read(repository?.id)
  if (dials.hang) return leaveOpen(reply)
  if (dials.webLatencyMs > 0) await simulation.store.clock.sleep(dials.webLatencyMs / 2)
  const isSignedIn = hasSession(request.headers.cookie, session)
  simulation.counters.count(
    'web',
    page.name,
    isSignedIn ? 'session' : 'no session',
    isSignedIn ? 'counted' : 'rejected',
  )
  const job = isSignedIn ? findJob(simulation, page, request.params, repository?.id) : undefined
  const call = { params: request.params, dials, now: simulation.store.now() }
  const content = job === undefined ? undefined : page.render(job, call)
  if (dials.webLatencyMs > 0) await simulation.store.clock.sleep(dials.webLatencyMs / 2)
  if (!isSignedIn) await reply.redirect('/login', 302)
  else if (content === undefined) await reply.status(404).type('text/html; charset=utf-8').send('Not Found')
  else if (typeof content === 'string') await reply.type('text/html; charset=utf-8').send(content)
  else await reply.send(content)
}

/** Run and repository of the address must be the job's own. */
function findJob(simulation: Simulation, page: Page, params: Params, repositoryId?: number): Job | undefined {
  const id = page.findJob(simulation, params.job)
  const job = id === undefined ? undefined : simulation.store.jobs.get(id)
  if (job === undefined || String(job.runId) !== params.run) return undefined
  return simulation.store.run(job.runId).repositoryId === repositoryId ? job : undefined
}

function hasSession(cookies: string | undefined, session: Secret): boolean {
  const pairs = (cookies ?? '').split(';').map(pair => pair.trim())
  const value = pairs.find(pair => pair.startsWith('user_session='))?.slice('user_session='.length)
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return value !== undefined && timingSafeEqual(digest(value), digest(session.reveal()))
}
