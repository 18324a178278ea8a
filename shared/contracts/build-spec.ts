import { z } from 'zod'
import { AdmittedRun } from './access.ts'
import { BuilderClass, Egress, Platform, PlatformRequest } from './builder.ts'
import { SealKey } from './claim.ts'
import { BuildId, ProjectId, RelationshipId } from './ids.ts'

/** Input of the workflow `build`. Plain JSON; holds no secret. docs/glossary.md: build. */
export const BuildSpec = z.object({
  buildId: BuildId,
  /** Public half of the key that the build token stands for. */
  sealKey: SealKey,
  projectId: ProjectId,
  relationshipId: RelationshipId,
  run: AdmittedRun,
  builderClass: BuilderClass,
  egress: Egress,
  allowedPlatforms: z.array(Platform).readonly(),
  /** What is asked for at the start; more platforms can be asked for later. */
  wishes: z.array(PlatformRequest).readonly(),
  createdAtMs: z.int(),
  /** Wall clock of the build: over at this time whatever happens. */
  expiresAtMs: z.int(),
})
export type BuildSpec = z.infer<typeof BuildSpec>
