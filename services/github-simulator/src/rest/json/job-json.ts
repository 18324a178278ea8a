import type { GithubStore } from '../../store/github-store.ts'
import { encodeNodeId } from '../../store/id-sequence.ts'
import { stepsAsOf } from '../../store/lagged-reads.ts'
import type { StoredJob } from '../../store/stored-types.ts'
import { type AnswerLinks, formatTimestamp } from './answer-links.ts'

/** `job` of GitHub's OpenAPI, its steps as they were at `stepsAsOfMs` (epoch milliseconds). */
export function jobJson(store: GithubStore, links: AnswerLinks, job: StoredJob, stepsAsOfMs: number) {
  const run = store.run(job.runId)
  const fullName = store.fullName(store.repository(run.repositoryId))
  const url = `${links.api}/repos/${fullName}`
  const hasRunner = job.runnerName !== null
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.name,
    head_branch: run.headBranch,
    run_url: `${url}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: encodeNodeId('CheckRun', job.id),
    head_sha: run.headSha,
    url: `${url}/actions/jobs/${job.id}`,
    html_url: `${links.html}/${fullName}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: formatTimestamp(job.createdAt),
    started_at: formatTimestamp(job.startedAt),
    completed_at: job.completedAt === null ? null : formatTimestamp(job.completedAt),
    name: job.name,
    steps: stepsAsOf(job, stepsAsOfMs).map(step => ({
      name: step.name,
      status: step.status,
      conclusion: step.conclusion,
      number: step.number,
      started_at: step.startedAt === null ? null : formatTimestamp(step.startedAt),
      completed_at: step.completedAt === null ? null : formatTimestamp(step.completedAt),
    })),
    check_run_url: `${url}/check-runs/${job.id}`,
    labels: job.labels,
    runner_id: hasRunner ? 1 : null,
    runner_name: job.runnerName,
    runner_group_id: hasRunner ? 0 : null,
    runner_group_name: hasRunner ? 'GitHub Actions' : null,
  }
}
