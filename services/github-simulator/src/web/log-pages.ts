import { logTailAsOf, stepsAsOf } from '../store/lagged-reads.ts'
import type { StoredJob } from '../store/stored-types.ts'

/** How many lines of a step the site's log view shows (docs/facts/github.md#live-log-pages). */
const backscrollLinesMax = 1_000

/** The job's page. Readers look only for the addresses of its steps, which hold the job's hidden id. */
export function jobPageHtml(path: string, job: StoredJob, asOf: number): string {
  const steps = stepsAsOf(job, asOf).map(
    step =>
      `<check-step data-number="${step.number}" data-name="${escapeHtml(step.name)}" data-conclusion="${step.conclusion ?? ''}" ` +
      `data-job-step-backscroll-url="${path}/jobs/${job.hiddenId}/steps/${step.webId}/backscroll"></check-step>`,
  )
  return [
    '<!DOCTYPE html>',
    `<html lang="en"><head><title>${escapeHtml(job.name)}</title></head><body>`,
    `<check-steps data-job-steps-url="${path}/jobs/${job.hiddenId}/steps" data-job-status="${job.status}">`,
    ...steps,
    '</check-steps></body></html>',
  ].join('\n')
}

export function stepsDocument(job: StoredJob, asOf: number) {
  return stepsAsOf(job, asOf).map(step => ({
    id: step.webId,
    name: step.name,
    status: step.status,
    conclusion: step.conclusion,
    number: step.number,
    change_id: step.at,
    started_at: step.startedAt === null ? null : new Date(step.startedAt).toISOString(),
    completed_at: step.completedAt === null ? null : new Date(step.completedAt).toISOString(),
  }))
}

/** `undefined` for a step that is not there. */
export function backscrollDocument(job: StoredJob, webId: string, logAsOf: number) {
  const step = job.steps.find(candidate => candidate.webId === webId)
  if (step === undefined) return undefined
  const lines = logTailAsOf(job, step.number, logAsOf, backscrollLinesMax)
  return {
    lines: lines.map(({ index, entry }) => ({ id: `${job.hiddenId}-${step.number}-${index}`, line: entry.line })),
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
