import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@forkproof/infra/secret'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SimulatedBehaviour } from '../behaviour/simulated-behaviour.ts'
import { leaveOpen } from '../rest/serve-rest.ts'
import type { SimulatorState } from '../simulator-state.ts'
import type { StoredJob } from '../store/stored-types.ts'
import { backscrollDocument, jobPageHtml, stepsDocument } from './log-pages.ts'

interface PageParams {
  owner: string
  repo: string
  run: string
  job: string
  step?: string
}

interface LogPageCall {
  params: PageParams
  behaviour: SimulatedBehaviour
  now: number
}

interface LogPage {
  name: string
  path: string
  findJob: (state: SimulatorState, text: string) => number | undefined
  /** `undefined` is 404; a string is HTML. */
  render: (job: StoredJob, call: LogPageCall) => unknown
}

const pages: LogPage[] = [
  {
    name: 'job page',
    path: '/:owner/:repo/actions/runs/:run/job/:job',
    findJob: (_simulation, text) => Number(text),
    render: (job, { params, behaviour, now }) =>
      jobPageHtml(`/${params.owner}/${params.repo}/actions/runs/${params.run}`, job, now - behaviour.stepNameLagMs),
  },
  {
    name: 'steps',
    path: '/:owner/:repo/actions/runs/:run/jobs/:job/steps',
    findJob: (state, text) => state.store.jobsByHiddenId.get(text),
    render: (job, { behaviour, now }) => stepsDocument(job, now - behaviour.stepNameLagMs),
  },
  {
    name: 'backscroll',
    path: '/:owner/:repo/actions/runs/:run/jobs/:job/steps/:step/backscroll',
    findJob: (state, text) => state.store.jobsByHiddenId.get(text),
    render: (job, { params, behaviour, now }) => backscrollDocument(job, params.step ?? '', now - behaviour.logLagMs),
  },
]

/**
 * The undocumented pages where logs can be read live. They are served below `/web`, and below `/` as well, since the
 * addresses inside the job's page are the site's own.
 */
export function registerWebRoutes(app: FastifyInstance, state: SimulatorState, session: Secret): void {
  for (const page of pages) {
    for (const prefix of ['/web', '']) {
      app.get<{ Params: PageParams }>(`${prefix}${page.path}`, (request, reply) =>
        servePage(state, session, page, request, reply),
      )
    }
  }
}

async function servePage(
  state: SimulatorState,
  session: Secret,
  page: LogPage,
  request: FastifyRequest<{ Params: PageParams }>,
  reply: FastifyReply,
): Promise<void> {
  const repository = state.store.findRepository(request.params.owner, request.params.repo)
  const behaviour = state.behaviour.read(repository?.id)
  if (behaviour.hang) return leaveOpen(reply)
  if (behaviour.webLatencyMs > 0) await state.store.clock.sleep(behaviour.webLatencyMs / 2)
  const isSignedIn = hasSession(request.headers.cookie, session)
  state.counters.count('web', page.name, isSignedIn ? 'session' : 'no session', isSignedIn ? 'counted' : 'rejected')
  const job = isSignedIn ? findJob(state, page, request.params, repository?.id) : undefined
  const call = { params: request.params, behaviour, now: state.store.now() }
  const content = job === undefined ? undefined : page.render(job, call)
  if (behaviour.webLatencyMs > 0) await state.store.clock.sleep(behaviour.webLatencyMs / 2)
  if (!isSignedIn) await reply.redirect('/login', 302)
  else if (content === undefined) await reply.status(404).type('text/html; charset=utf-8').send('Not Found')
  else if (typeof content === 'string') await reply.type('text/html; charset=utf-8').send(content)
  else await reply.send(content)
}

/** Run and repository of the address must be the job's own. */
function findJob(
  state: SimulatorState,
  page: LogPage,
  params: PageParams,
  repositoryId?: number,
): StoredJob | undefined {
  const id = page.findJob(state, params.job)
  const job = id === undefined ? undefined : state.store.jobs.get(id)
  if (job === undefined || String(job.runId) !== params.run) return undefined
  return state.store.run(job.runId).repositoryId === repositoryId ? job : undefined
}

function hasSession(cookies: string | undefined, session: Secret): boolean {
  const pairs = (cookies ?? '').split(';').map(pair => pair.trim())
  const value = pairs.find(pair => pair.startsWith('user_session='))?.slice('user_session='.length)
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return value !== undefined && timingSafeEqual(digest(value), digest(session.reveal()))
}
