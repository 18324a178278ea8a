import { RunAttempt, RunId } from '@forkproof/contracts/ids'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import type { AssumptionId, Finding, Findings } from './assumptions.ts'
import { assumptionIds } from './assumptions.ts'
import { type GithubReader, RequestBudgetError } from './github-reader.ts'
import { doctorLimits } from './limits.ts'

/** The run that the doctor is part of. */
export interface DoctorRun {
  /** `owner/name`. */
  readonly repository: string
  readonly runId: string
  readonly attempt: string
  /** Whether it is a fork's pull request run. */
  readonly fork: boolean
  readonly runnerName: string | undefined
  /** `${{ job.check_run_id }}`, where the workflow passes it. */
  readonly jobId: string | undefined
  /** What the artifact is called, and the step after `proof `. */
  readonly code: string
}

interface CheckContext {
  readonly run: DoctorRun
  readonly github: GithubReader
  readonly deps: Pick<ClaimDeps, 'clock'>
  readonly deadline: AbortSignal
  /** GitHub's own token of a trusted run; undefined in a fork's. It is decoded and never shown. */
  readonly nativeToken: () => Promise<string | undefined>
}

const artifactPrefix = 'forkproof-doctor'
export const doctorCode = (attempt: string, random: string) => `${artifactPrefix}-${attempt}-${random}`

const Artifact = z.object({ name: z.string(), created_at: z.string().nullish() })
const ArtifactList = z.object({ artifacts: z.array(Artifact) })
const Job = z.object({
  id: z.number(),
  run_id: z.number(),
  run_attempt: z.number().optional(),
  status: z.string(),
  runner_name: z.string().nullish(),
  steps: z.array(z.object({ name: z.string(), status: z.string() })).optional(),
})
const Run = z.object({ status: z.string().nullish(), run_started_at: z.string().optional() })

/** Every check, one after the other, so that their requests and waits do not disturb each other. Never rejects. */
export async function runChecks(context: CheckContext): Promise<Findings> {
  const findings: Partial<Record<AssumptionId, Finding>> = {}
  for (const id of assumptionIds) findings[id] = await checks[id](context).catch(notTriedBecause)
  return findings as Findings
}

const ok = (seen: string): Finding => ({ status: 'ok', seen })
const failed = (seen: string): Finding => ({ status: 'failed', seen })
const notTried = (why: string): Finding => ({ status: 'not tried', why })

function notTriedBecause(error: unknown): Finding {
  if (error instanceof RequestBudgetError) return notTried('the budget of requests is used up')
  if (error instanceof UnexpectedAnswerError) return notTried(`GitHub answered ${error.status}, or in another form`)
  // Another error's message may quote what it was given.
  return notTried(`GitHub could not be read (${error instanceof Error ? error.name : 'unknown error'})`)
}

class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError'
  readonly status: number

  constructor(status: number) {
    super('unexpected answer')
    this.status = status
  }
}

async function readAs<T>({ github }: CheckContext, schema: z.ZodType<T>, path: string): Promise<T> {
  const answer = await github.read(path)
  const parsed = schema.safeParse(answer.body)
  if (answer.status === 200 && parsed.success) return parsed.data
  throw new UnexpectedAnswerError(answer.status)
}

/** Looks until something is found. Undefined when it was not within the longest wait. */
async function lookFor<T>({ deps, deadline }: CheckContext, look: () => Promise<T | undefined>) {
  const startedAtMs = deps.clock.now()
  for (;;) {
    const found = await look()
    const waitedMs = deps.clock.now() - startedAtMs
    if (found !== undefined) return { found, waitedMs }
    if (waitedMs >= doctorLimits.waitMsMax) return undefined
    await deps.clock.sleep(doctorLimits.pollIntervalMs, deadline)
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const notSeen = `not within ${doctorLimits.waitMsMax / 1_000} s`
const soonEnough = (waitedMs: number, seen: string): Finding =>
  waitedMs <= doctorLimits.soonMs ? ok(seen) : failed(seen)

const checks: Readonly<Record<AssumptionId, (context: CheckContext) => Promise<Finding>>> = {
  async 'artifact-listed'(context) {
    const { repository, runId, code, fork } = context.run
    const path = `/repos/${repository}/actions/runs/${runId}/artifacts?name=${encodeURIComponent(code)}&per_page=1`
    const listed = await lookFor(context, async () => {
      const { artifacts } = await readAs(context, ArtifactList, path)
      return artifacts.find(artifact => artifact.name === code)
    })
    if (listed === undefined) return failed(notSeen)
    const seen = `listed after ${seconds(listed.waitedMs)}, created at ${listed.found.created_at ?? 'no time'}`
    if (listed.waitedMs > doctorLimits.soonMs) return failed(seen)
    return fork ? ok(seen) : notTried(`this is no fork’s pull request; in this run it was ${seen}`)
  },

  async 'step-renamed'(context) {
    const { repository, code, jobId } = context.run
    if (jobId === undefined) return notTried('the workflow does not pass --job-id')
    const renamed = await lookFor(context, async () => {
      const { steps = [] } = await readAs(context, Job, `/repos/${repository}/actions/jobs/${jobId}`)
      return steps.find(step => step.name === `proof ${code}`)
    })
    if (renamed === undefined) return failed(notSeen)
    const seen = `shown after ${seconds(renamed.waitedMs)}, at a step ${renamed.found.status}`
    return renamed.found.status === 'in_progress' ? soonEnough(renamed.waitedMs, seen) : failed(seen)
  },

  async 'job-id'(context) {
    const { repository, jobId, runId, attempt, runnerName } = context.run
    if (jobId === undefined) return notTried('the workflow does not pass --job-id')
    const answer = await context.github.read(`/repos/${repository}/actions/jobs/${jobId}`)
    if (answer.status === 404) return failed('there is no such job')
    const job = Job.parse(answer.body)
    const seen = `job of run ${job.run_id}, attempt ${job.run_attempt ?? 'unknown'}, runner ${job.runner_name ?? 'unknown'}, ${job.status}`
    const same =
      String(job.run_id) === runId &&
      (job.run_attempt === undefined || String(job.run_attempt) === attempt) &&
      (!job.runner_name || runnerName === undefined || job.runner_name === runnerName) &&
      job.status === 'in_progress'
    return same ? ok(seen) : failed(seen)
  },

  async 'older-artifacts'(context) {
    const { repository, runId, attempt } = context.run
    if (attempt === '1') return notTried('this is attempt 1; run the jobs again')
    const base = `/repos/${repository}/actions/runs/${runId}`
    const { run_started_at: startedAt } = await readAs(context, Run, base)
    const { artifacts } = await readAs(context, ArtifactList, `${base}/artifacts?per_page=100`)
    const older = artifacts.filter(({ name }) => isOlder(name, Number(attempt)))
    if (older.length === 0) return notTried('no artifact of an older attempt is listed')
    if (startedAt === undefined) return failed('the run does not say when this attempt began')
    const late = older.filter(one => !(Date.parse(one.created_at ?? '') < Date.parse(startedAt)))
    if (late.length === 0) return ok(`${older.length} of older attempts, all created before ${startedAt}`)
    // GitHub's times are whole seconds: within one of them nothing can be told.
    if (late.every(one => Date.parse(one.created_at ?? '') === Date.parse(startedAt)))
      return notTried('the older attempt showed its artifact in the second in which this one began; run the jobs again')
    return failed(`one created at ${late[0]?.created_at ?? 'no time'}; this attempt began at ${startedAt}`)
  },

  async 'free-304'({ github, run }) {
    const path = `/repos/${run.repository}`
    let seen = 'nothing'
    for (let tries = 0; tries < doctorLimits.conditionalTries; tries += 1) {
      const first = await github.read(path)
      if (first.etag === undefined || first.used === undefined) return notTried('the answer has no ETag or no budget')
      const again = await github.read(path, first.etag)
      seen = `status ${again.status}, used ${first.used} and then ${again.used ?? 'unknown'}`
      // Other jobs use the same budget, so one try without a difference is enough.
      if (again.status === 304 && again.used === first.used) return ok(seen)
    }
    return failed(seen)
  },

  async 'native-claims'({ nativeToken, run }) {
    const token = await nativeToken()
    if (token === undefined) {
      return notTried('the job has no `id-token: write`, which a fork’s run cannot have; start it by workflow_dispatch')
    }
    const claims = decodeJwt(token)
    const text = (name: string): string =>
      typeof claims[name] === 'string' ? claims[name] : `no string (${typeof claims[name]})`
    const names = ['run_id', 'repository_id', 'repository_owner_id', 'actor_id', 'run_attempt', 'ref', 'workflow_ref']
    const seen = names.map(name => `${name} ${text(name)}`).join(', ')
    const right =
      text('workflow_ref').endsWith(`@${text('ref')}`) &&
      names.slice(0, 4).every(name => /^[0-9]+$/.test(text(name))) &&
      text('run_id') === run.runId &&
      text('run_attempt') === run.attempt
    return right ? ok(seen) : failed(seen)
  },

  async 'run-alive'(context) {
    const { repository, runId } = context.run
    const { status } = await readAs(context, Run, `/repos/${repository}/actions/runs/${runId}`)
    return status === 'completed' ? failed('completed') : ok(status ?? 'no status')
  },

  async clock({ github, run }) {
    const { theirTimeMs, ourTimeMs } = await github.read(`/repos/${run.repository}`)
    if (theirTimeMs === undefined) return notTried('the answer has no Date')
    const apartMs = theirTimeMs - ourTimeMs
    const seen = `GitHub’s is ${seconds(Math.abs(apartMs))} ${apartMs < 0 ? 'behind' : 'ahead'}`
    return Math.abs(apartMs) <= doctorLimits.clockSkewMsMax ? ok(seen) : failed(seen)
  },
}

function isOlder(name: string, attempt: number): boolean {
  const [, made] = new RegExp(`^${artifactPrefix}-([0-9]+)-`).exec(name) ?? []
  return made !== undefined && Number(made) < attempt
}

/** Reads what the runner says of this run; undefined where something is missing. */
export function readDoctorRun(
  env: Readonly<Record<string, string | undefined>>,
): { repository: string; runId: string; attempt: string; runnerName: string | undefined } | undefined {
  const runId = RunId.safeParse(env['GITHUB_RUN_ID'])
  const attempt = RunAttempt.safeParse(env['GITHUB_RUN_ATTEMPT'])
  const repository = env['GITHUB_REPOSITORY'] ?? ''
  if (!runId.success || !attempt.success || !/^[\w.-]+\/[\w.-]+$/.test(repository)) return undefined
  return { repository, runId: runId.data, attempt: attempt.data, runnerName: env['RUNNER_NAME'] || undefined }
}
