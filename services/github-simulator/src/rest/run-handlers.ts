import { latestAttempt } from '../store/github-store.ts'
import { conclusions, type StoredAttempt, type StoredJob, type StoredRun } from '../store/stored-types.ts'
import { jobJson } from './json/job-json.ts'
import { runJson } from './json/run-json.ts'
import { paginateList } from './pagination.ts'
import { numericAddress, type RepositoryHandler } from './repository-handlers.ts'
import { notFoundAnswer, okAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RepositoryCall } from './rest-call.ts'

export function listRuns(call: RepositoryCall): RestAnswer {
  const { store } = call.state
  const ids = store.runsByRepository.get(call.repository.id) ?? []
  const runs = ids
    .map(id => store.run(id))
    .filter(run => matchesFilters(call, run))
    .reverse()
  const page = paginateList(runs, call.query, numericAddress(call, call.repository))
  const workflow_runs = page.items.map(run => runJson(store, call.links, run, latestAttempt(run)))
  return okAnswer({ total_count: page.total, workflow_runs }, page.headers)
}

function matchesFilters(call: RepositoryCall, run: StoredRun): boolean {
  const { query } = call
  const attempt = latestAttempt(run)
  const wanted = (name: string, value: string) => query.get(name) === null || query.get(name) === value
  const status = query.get('status')
  const isConclusion = conclusions.some(conclusion => conclusion === status)
  const hasStatus = status === null || (isConclusion ? attempt.conclusion : attempt.status) === status
  const actor = call.state.store.user(run.actorId).login
  return (
    hasStatus &&
    wanted('event', run.event) &&
    wanted('branch', run.headBranch) &&
    wanted('head_sha', run.headSha) &&
    wanted('actor', actor)
  )
}

export const getRun = inRun((call, run) => okAnswer(runJson(call.state.store, call.links, run, latestAttempt(run))))

export const getAttempt = inAttempt((call, run, attempt) =>
  okAnswer(runJson(call.state.store, call.links, run, attempt)),
)

export const listRunJobs = inRun((call, run) => {
  const attempts = call.query.get('filter') === 'all' ? run.attempts : [latestAttempt(run)]
  return jobPage(call, attempts)
})

export const listAttemptJobs = inAttempt((call, _run, attempt) => jobPage(call, [attempt]))

function jobPage(call: RepositoryCall, attempts: readonly StoredAttempt[]): RestAnswer {
  const { store } = call.state
  const jobs = attempts.flatMap(attempt => attempt.jobIds).map(id => store.job(id))
  const page = paginateList(jobs, call.query, numericAddress(call, call.repository))
  return okAnswer({ total_count: page.total, jobs: page.items.map(job => visibleJobJson(call, job)) }, page.headers)
}

export function visibleJobJson(call: RepositoryCall, job: StoredJob) {
  return jobJson(call.state.store, call.links, job, call.now - call.behaviour.stepNameLagMs)
}

/** Looks the run up in the repository of the address: another repository's run is not there. */
export function inRun(handler: (call: RepositoryCall, run: StoredRun) => RestAnswer): RepositoryHandler {
  return call => {
    const id = parseId(call.params['run'])
    const run = id === undefined ? undefined : call.state.store.runs.get(id)
    return run?.repositoryId === call.repository.id ? handler(call, run) : notFoundAnswer()
  }
}

function inAttempt(
  handler: (call: RepositoryCall, run: StoredRun, attempt: StoredAttempt) => RestAnswer,
): RepositoryHandler {
  return inRun((call, run) => {
    const number = parseId(call.params['attempt'])
    const attempt = run.attempts.find(candidate => candidate.number === number)
    return attempt === undefined ? notFoundAnswer() : handler(call, run, attempt)
  })
}
