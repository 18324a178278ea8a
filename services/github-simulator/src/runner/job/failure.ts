import { ActionError } from '../action/manifest.ts'
import { TemplateError } from '../expression/template.ts'
import type { JobSession } from './session.ts'

/** A line for the job's log; causes that are not the workflow's own go to the service's log only. */
export function describeFailure(session: JobSession, error: unknown): string {
  if (error instanceof TemplateError || error instanceof ActionError) return error.message
  session.settings.log.warn({ err: error, jobId: session.assignment.jobId }, 'a step failed inside the runner')
  return 'The runner could not execute the step.'
}
