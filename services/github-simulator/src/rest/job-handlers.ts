import { jobLogContainer } from '../blobs/blob-routes.ts'
import type { StoredJob } from '../store/stored-types.ts'
import type { RepositoryHandler } from './repository-handlers.ts'
import { errorAnswer, notFoundAnswer, okAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RepositoryCall } from './rest-call.ts'
import { visibleJobJson } from './run-handlers.ts'

/** How long the redirect's target can be fetched; its address exists before the log (docs/facts/github.md#job-logs). */
const logUrlLifetimeMs = 60_000

export const getJob = inJob((call, job) => okAnswer(visibleJobJson(call, job)))

export const getJobLogs = inJob((call, job) => {
  if (!call.viewer.isAuthenticated) return errorAnswer(403, 'Must have admin rights to Repository.')
  const expiresAt = call.now + logUrlLifetimeMs
  const location = call.state.signedUrls.sign(jobLogContainer, String(job.id), 'r', expiresAt)
  return { status: 302, headers: { location } }
})

function inJob(handler: (call: RepositoryCall, job: StoredJob) => RestAnswer): RepositoryHandler {
  return call => {
    const { store } = call.state
    const id = parseId(call.params['job'])
    const job = id === undefined ? undefined : store.jobs.get(id)
    const isHere = job !== undefined && store.runs.get(job.runId)?.repositoryId === call.repository.id
    return isHere ? handler(call, job) : notFoundAnswer()
  }
}
