import { z } from 'zod'

/** All methods' fields in one: Twirp JSON with proto field names, 64-bit numbers as strings. */
export const artifactRequestSchema = z.object({
  workflow_run_backend_id: z.string().max(100),
  workflow_job_run_backend_id: z.string().max(100),
  name: z.string().max(1_000).optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  size: z.string().max(20).optional(),
  hash: z.string().max(200).optional(),
  name_filter: z.string().max(1_000).optional(),
  id_filter: z.string().max(20).optional(),
})

export type ArtifactRequest = z.infer<typeof artifactRequestSchema>
