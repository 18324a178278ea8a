import { Egress, Platform } from '@forkproof/contracts/builder'
import { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import { z } from 'zod'

export const BuilderTraits = z.strictObject({
  platform: Platform,
  egress: Egress,
  kind: z.discriminatedUnion('class', [
    z.strictObject({ class: z.literal('ephemeral') }),
    z.strictObject({ class: z.literal('project'), projectId: ProjectId }),
  ]),
})
export type BuilderTraits = z.infer<typeof BuilderTraits>

/**
 * Written before anything of the builder exists. Removed when nothing of it is left and every lease of it has its
 * receipt.
 */
export const BuilderRecord = z.strictObject({
  builderId: BuilderId,
  /** Absent for an orphan. */
  traits: BuilderTraits.optional(),
  createdAtMs: z.int(),
  endsAtMs: z.int(),
  /** How many traces of each kind it had while it ran. */
  during: z.record(z.string(), z.int()),
})
export type BuilderRecord = z.infer<typeof BuilderRecord>
