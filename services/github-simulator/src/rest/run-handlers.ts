import { type Attempt, conclusions, type Job, type Run } from '../state/model.ts'
import { latestAttempt } from '../state/store.ts'
import { type Answer, idOf, notFound, ok, type RepositoryCall } from './answer.ts'
import { jobJson } from './json/job-json.ts'
import { runJson } from './json/run-json.ts'
import { paginate } from './pagination.ts'
import { numericAddress, type RepositoryHandler } from './repository-handlers.ts'

export function listRuns(call: RepositoryCall): Answer {
  const { store } = call.simulation
  const ids = store.runsByRepository.get(call.repository.id) ?? []
  const runs = ids
    .map(id => store.run(id))
    .filter(run => matchesFilters(call, run))
    .reverse()
  const page = paginate(runs, call.query, numericAddress(call, call.repository))
  const workflow_runs = page.items.map(run => runJson(store, call.links, run, latestAttempt(run)))
  return ok({ total_count: page.total, workflow_runs }, page.headers)
}

function matchesFilters(call: RepositoryCall, run: Run): boolean {
  const { query } = call
  const attempt = latestAttempt(run)
  const wanted = (name: string, value: string) => query.get(name) === null || query.get(name) === value
  const status = query.get('status')
  const isConclusion = conclusions.some(conclusion => conclusion === status)
  const hasStatus = status === null || (isConclusion ? attempt.conclusion : attempt.status) === status
  const actor = call.simulation.store.user(run.actorId).login
  return (
    hasStatus &&
    wanted('event', run.event) &&
    wanted('branch', run.headBranch) &&
    wanted('head_sha', run.headSha) &&
    wanted('actor', actor)
  )
}

export const getRun = inRun((call, run) => ok(runJson(call.simulation.store, call.links, run, latestAttempt(run))))

export const getAttempt = inAttempt((call, run, attempt) =>
  ok(runJson(call.simulation.store, call.links, run, attempt)),
)

export const listRunJobs = inRun((call, run) => {
  const attempts = call.query.get('filter') === 'all' ? run.attempts : [latestAttempt(run)]
  return jobPage(call, attempts)
})

export const listAttemptJobs = inAttempt((call, _run, attempt) => jobPage(call, [attempt]))

function jobPage(call: RepositoryCall, attempts: readonly Attempt[]): Answer {
  const { store } = call.simulation
  const jobs = attempts.flatMap(attempt => attempt.jobIds).map(id => store.job(id))
  const page = paginate(jobs, call.query, numericAddress(call, call.repository))
  return ok({ total_count: page.total, jobs: page.items.map(job => seenJob(call, job)) }, page.headers)
}

export function seenJob(call: RepositoryCall, job: Job) {
  return jobJson(call.simulation.store, call.links, job, call.now - call.dials.stepNameLagMs)
}

/** Looks the run up in the repository of the address: another repository's run is not there. */
export function inRun(handler: (call: RepositoryCall, run: Run) => Answer): RepositoryHandler {
  return call => {
    const id = idOf(call.params['run'])
    const run = id === undefined ? undefined : call.simulation.store.runs.get(id)
    return run?.repositoryId === call.repository.id ? handler(call, run) : notFound()
  }
}

function inAttempt(handler: (call: RepositoryCall, run: Run, attempt: Attempt) => Answer): RepositoryHandler {
  return inRun((call, run) => {
    const number = idOf(call.params['attempt'])
    const attempt = run.attempts.find(candidate => candidate.number === number)
    return attempt === undefined ? notFound() : handler(call, run, attempt)
  })
}
