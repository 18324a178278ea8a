import { z } from 'zod'
import { DecimalId, JobId, RunAttempt, RunId } from './ids.ts'

/**
 * That something changed about a run, as a webhook of GitHub told the gateway. It is never a proof: whoever hears it
 * may only read GitHub sooner than planned, so that a forged, lost, late or repeated one changes nothing but speed.
 * docs/glossary.md: run hint.
 */
export const RunHint = z.discriminatedUnion('about', [
  z.object({
    about: z.literal('job'),
    repositoryId: DecimalId,
    runId: RunId,
    /** GitHub's schema lets it be absent. */
    attempt: RunAttempt.exactOptional(),
    jobId: JobId,
    action: z.enum(['queued', 'waiting', 'in_progress', 'completed']),
  }),
  z.object({
    about: z.literal('run'),
    repositoryId: DecimalId,
    runId: RunId,
    attempt: RunAttempt,
    action: z.enum(['requested', 'in_progress', 'completed']),
  }),
  z.object({
    about: z.literal('pull request'),
    repositoryId: DecimalId,
    /** The runs of a pull request are those of its head commit; GitHub names none of them. */
    headSha: z.string().regex(/^[0-9a-f]{40,64}$/),
    action: z.enum(['closed', 'reopened', 'edited']),
  }),
])
export type RunHint = z.infer<typeof RunHint>
