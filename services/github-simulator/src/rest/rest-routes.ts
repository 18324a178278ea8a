import type { FastifyInstance } from 'fastify'
import type { SimulatorState } from '../simulator-state.ts'
import { getArtifact, getArtifactArchive, listRunArtifacts } from './artifact-handlers.ts'
import { getJob, getJobLogs } from './job-handlers.ts'
import { getPull, listCommitPulls, listPulls } from './pull-handlers.ts'
import { getRepository, inRepository, type RepositoryHandler } from './repository-handlers.ts'
import { notFoundAnswer } from './rest-answer.ts'
import { getAttempt, getRun, listAttemptJobs, listRunJobs, listRuns } from './run-handlers.ts'
import { type RestHandler, serveRest } from './serve-rest.ts'
import { getMeta, getRateLimit } from './site-handlers.ts'

/** Below a repository, in GitHub's documentation form. */
const repositoryRoutes: Record<string, RepositoryHandler> = {
  '': getRepository,
  '/actions/runs': listRuns,
  '/actions/runs/{run}': getRun,
  '/actions/runs/{run}/attempts/{attempt}': getAttempt,
  '/actions/runs/{run}/jobs': listRunJobs,
  '/actions/runs/{run}/attempts/{attempt}/jobs': listAttemptJobs,
  '/actions/runs/{run}/artifacts': listRunArtifacts,
  '/actions/artifacts/{artifact}': getArtifact,
  '/actions/artifacts/{artifact}/zip': getArtifactArchive,
  '/actions/jobs/{job}': getJob,
  '/actions/jobs/{job}/logs': getJobLogs,
  '/pulls': listPulls,
  '/pulls/{pull}': getPull,
  '/commits/{sha}/pulls': listCommitPulls,
}

/** The REST API: each repository address by name and, where redirects lead, by number. */
export function registerRestRoutes(app: FastifyInstance, state: SimulatorState): void {
  const add = (path: string, handler: RestHandler, isFree = false) => {
    const route = { name: `GET ${path}`, handler, isFree }
    app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), (request, reply) => serveRest(state, route, request, reply))
  }
  add('/rate_limit', getRateLimit, true)
  add('/meta', getMeta)
  for (const [path, handler] of Object.entries(repositoryRoutes)) {
    add(`/repos/{owner}/{repo}${path}`, inRepository(handler))
    add(`/repositories/{repositoryId}${path}`, inRepository(handler))
  }
  const unknown = { name: 'other', handler: notFoundAnswer }
  app.all('/repos/*', (request, reply) => serveRest(state, unknown, request, reply))
  app.all('/repositories/*', (request, reply) => serveRest(state, unknown, request, reply))
}
