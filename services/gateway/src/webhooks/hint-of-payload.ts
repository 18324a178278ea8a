import { DecimalId, JobId, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { RunHint } from '@forkproof/contracts/run-hint'
import { z } from 'zod'

/** A whole number of GitHub's as the decimal text that ids are here. */
const decimal = z.int().positive().transform(String)
const Repository = z.object({ id: decimal.pipe(DecimalId) })
const attempt = decimal.pipe(RunAttempt)

const payloads = {
  workflow_job: z
    .object({
      action: z.string(),
      repository: Repository,
      workflow_job: z.object({ id: decimal.pipe(JobId), run_id: decimal.pipe(RunId), run_attempt: attempt.optional() }),
    })
    .transform(({ action, repository, workflow_job: job }) => ({
      about: 'job',
      repositoryId: repository.id,
      runId: job.run_id,
      ...(job.run_attempt !== undefined && { attempt: job.run_attempt }),
      jobId: job.id,
      action,
    })),
  workflow_run: z
    .object({
      action: z.string(),
      repository: Repository,
      workflow_run: z.object({ id: decimal.pipe(RunId), run_attempt: attempt }),
    })
    .transform(({ action, repository, workflow_run: run }) => ({
      about: 'run',
      repositoryId: repository.id,
      runId: run.id,
      attempt: run.run_attempt,
      action,
    })),
  pull_request: z
    .object({
      action: z.string(),
      repository: Repository,
      pull_request: z.object({ head: z.object({ sha: z.string() }) }),
    })
    .transform(({ action, repository, pull_request: pull }) => ({
      about: 'pull request',
      repositoryId: repository.id,
      headSha: pull.head.sha,
      action,
    })),
} as const

type ReadEvent = keyof typeof payloads
const isRead = (event: string): event is ReadEvent => Object.hasOwn(payloads, event)

/** The events whose payload is read, and `ping`; for metrics, whose labels must be few. */
export const eventLabel = (event: string): string => (isRead(event) || event === 'ping' ? event : 'other')

/**
 * What a payload says that is worth passing on; undefined for other events and actions, and for what does not fit. The
 * event's name is in a header that is not signed, so a payload must have the members of its event. Names, states and
 * steps in it are not read: a hint is no proof. Pure.
 */
export function hintOfPayload(event: string, payload: unknown): RunHint | undefined {
  if (!isRead(event)) return undefined
  const read = payloads[event].safeParse(payload)
  if (!read.success) return undefined
  // Actions that nobody waits for are not in the hint's schema.
  return RunHint.safeParse(read.data).data
}
