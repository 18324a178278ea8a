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

const documentationBase = 'https://docs.github.com/rest'

/** Below a repository, in GitHub's documentation form, each with the page of that documentation. */
const repositoryRoutes: Record<string, [RepositoryHandler, string]> = {
  '': [getRepository, 'repos/repos#get-a-repository'],
  '/actions/runs': [listRuns, 'actions/workflow-runs#list-workflow-runs-for-a-repository'],
  '/actions/runs/{run}': [getRun, 'actions/workflow-runs#get-a-workflow-run'],
  '/actions/runs/{run}/attempts/{attempt}': [getAttempt, 'actions/workflow-runs#get-a-workflow-run-attempt'],
  '/actions/runs/{run}/jobs': [listRunJobs, 'actions/workflow-jobs#list-jobs-for-a-workflow-run'],
  '/actions/runs/{run}/attempts/{attempt}/jobs': [
    listAttemptJobs,
    'actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt',
  ],
  '/actions/runs/{run}/artifacts': [listRunArtifacts, 'actions/artifacts#list-workflow-run-artifacts'],
  '/actions/artifacts/{artifact}': [getArtifact, 'actions/artifacts#get-an-artifact'],
  '/actions/artifacts/{artifact}/zip': [getArtifactArchive, 'actions/artifacts#download-an-artifact'],
  '/actions/jobs/{job}': [getJob, 'actions/workflow-jobs#get-a-job-for-a-workflow-run'],
  '/actions/jobs/{job}/logs': [getJobLogs, 'actions/workflow-jobs#download-job-logs-for-a-workflow-run'],
  '/pulls': [listPulls, 'pulls/pulls#list-pull-requests'],
  '/pulls/{pull}': [getPull, 'pulls/pulls#get-a-pull-request'],
  '/commits/{sha}/pulls': [listCommitPulls, 'commits/commits#list-pull-requests-associated-with-a-commit'],
}

/** The REST API: each repository address by name and, where redirects lead, by number. */
export function registerRestRoutes(app: FastifyInstance, state: SimulatorState): void {
  const add = (path: string, handler: RestHandler, page: string, isFree = false) => {
    const route = { name: `GET ${path}`, handler, isFree, documentation: `${documentationBase}/${page}` }
    app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), (request, reply) => serveRest(state, route, request, reply))
  }
  add('/rate_limit', getRateLimit, 'rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user', true)
  add('/meta', getMeta, 'meta/meta#get-github-meta-information')
  for (const [path, [handler, page]] of Object.entries(repositoryRoutes)) {
    add(`/repos/{owner}/{repo}${path}`, inRepository(handler), page)
    add(`/repositories/{repositoryId}${path}`, inRepository(handler), page)
  }
  const unknown = { name: 'other', handler: notFoundAnswer, documentation: documentationBase }
  app.all('/repos/*', (request, reply) => serveRest(state, unknown, request, reply))
  app.all('/repositories/*', (request, reply) => serveRest(state, unknown, request, reply))
}
