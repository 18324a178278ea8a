import { randomBytes } from 'node:crypto'
import type { JobTokens } from '../access/job-tokens.ts'
import type { JobAssignment } from '../runner/runner-port.ts'
import type { WorkflowDefinition } from '../runner/workflow-definition.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { isRestrictedRun } from '../store/dependabot-runs.ts'
import { latestAttempt } from '../store/github-store.ts'
import type { StoredJob, StoredRun } from '../store/stored-types.ts'
import { githubContext } from './github-context.ts'
import type { JobOutcome, MatrixLeg } from './job-plan.ts'

/** A job's own GITHUB_TOKEN has a smaller quota than a user's token (docs/facts/github.md#primary-rate-limits). */
const jobTokenLimitPerHour = 1_000

interface AssignmentRequest {
  run: StoredRun
  job: StoredJob
  workflow: WorkflowDefinition
  matrix: MatrixLeg
  needs: Record<string, JobOutcome>
  secrets: Record<string, string>
}

/**
 * What the runner needs for one job. A job of a fork or of Dependabot gets no secrets and may ask for no ID token.
 * `release` makes the job's GITHUB_TOKEN unknown again.
 */
export async function assignJob(
  state: SimulatorState,
  tokens: JobTokens,
  order: AssignmentRequest,
): Promise<{ assignment: JobAssignment; release: () => void }> {
  const { run, job, workflow } = order
  const { origin, store, credentials } = state
  const attempt = latestAttempt(run)
  const token = `ghs_${randomBytes(24).toString('hex')}`
  const credential = `GITHUB_TOKEN of job ${job.id}`
  credentials.add({ name: credential, token, kind: 'job', limitPerHour: jobTokenLimitPerHour })
  const isRestricted = isRestrictedRun(store, run)
  const permissions = workflow.jobs[job.key]?.permissions ?? workflow.permissions
  const mayAskForIdToken = !isRestricted && permissions?.['id-token'] === 'write'
  const links = { api: origin.base, html: origin.serverUrl }
  const assignment: JobAssignment = {
    workflow,
    jobKey: job.key,
    jobId: job.id,
    matrix: order.matrix,
    githubContext: githubContext(store, links, run, token),
    serverUrl: origin.serverUrl,
    apiUrl: origin.base,
    resultsUrl: `${origin.base}/`,
    runtimeToken: await tokens.runtimeToken(job, attempt.backendId),
    secrets: isRestricted ? {} : order.secrets,
    needsOutputs: order.needs,
    ...(mayAskForIdToken
      ? {
          idTokenRequest: {
            url: `${origin.base}/oidc/token?run=${run.id}&job=${job.id}&api-version=2.0`,
            token: await tokens.idTokenRequestToken(job, attempt.backendId),
          },
        }
      : {}),
  }
  return { assignment, release: () => credentials.remove(credential) }
}
