import { ActionError } from '../action/action-manifest.ts'
import { TemplateError } from '../expression/split-template.ts'
import type { JobSession } from './job-session.ts'

/** A line for the job's log. Causes that are not the workflow's own go to the service's log only. */
export function failureLine(session: JobSession, error: unknown): string {
  if (error instanceof TemplateError || error instanceof ActionError) return error.message
  session.settings.log.warn({ err: error, jobId: session.assignment.jobId }, 'a step failed inside the runner')
  return 'The runner could not execute the step.'
}
