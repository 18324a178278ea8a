import { jobLogContainer } from '../blobs/blob-routes.ts'
import type { Job } from '../state/model.ts'
import { type Answer, failure, idOf, notFound, ok, type RepositoryCall } from './answer.ts'
import type { RepositoryHandler } from './repository-handlers.ts'
import { seenJob } from './run-handlers.ts'

/** The redirect's target can be fetched for a minute, and until then always exists as an address (facts A1). */
const logUrlLifetimeMs = 60_000

export const getJob = inJob((call, job) => ok(seenJob(call, job)))

export const getJobLogs = inJob((call, job) => {
  if (!call.viewer.isAuthenticated) return failure(403, 'Must have admin rights to Repository.')
  const expiresAt = call.now + logUrlLifetimeMs
  const location = call.simulation.signedUrls.sign(jobLogContainer, String(job.id), 'r', expiresAt)
  return { status: 302, headers: { location } }
})

function inJob(handler: (call: RepositoryCall, job: Job) => Answer): RepositoryHandler {
  return call => {
    const { store } = call.simulation
    const id = idOf(call.params['job'])
    const job = id === undefined ? undefined : store.jobs.get(id)
    const isHere = job !== undefined && store.runs.get(job.runId)?.repositoryId === call.repository.id
    return isHere ? handler(call, job) : notFound()
  }
}
