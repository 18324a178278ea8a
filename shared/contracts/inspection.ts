import { z } from 'zod'
import { AdmittedRun } from './access.ts'
import { refusalReasons } from './errors.ts'
import { RunFacts } from './facts.ts'

/**
 * Which run is asked about. Without `eventClass` and `attempt` the newest attempt is described, whatever its kind.
 * docs/glossary.md: inspection.
 */
export const RunQuestion = z.object({
  repository: AdmittedRun.shape.repository,
  runId: AdmittedRun.shape.runId,
  attempt: AdmittedRun.shape.attempt.exactOptional(),
  repositoryId: AdmittedRun.shape.repositoryId.exactOptional(),
  eventClass: AdmittedRun.shape.eventClass.exactOptional(),
  pullRequest: AdmittedRun.shape.pullRequest,
})
export type RunQuestion = z.infer<typeof RunQuestion>

/** Result of the workflow `inspect`. `running`: in progress, of that class, the latest attempt. */
export const RunInspection = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('running'),
    event: z.string(),
    headRef: z.string(),
    workflowPath: z.string(),
    repositoryId: z.string(),
    attempt: z.string(),
    /** Only for pull requests of forks. */
    facts: RunFacts.exactOptional(),
  }),
  z.object({
    outcome: z.literal('refused'),
    reason: z.enum(refusalReasons),
    detail: z.string().exactOptional(),
  }),
])
export type RunInspection = z.infer<typeof RunInspection>
