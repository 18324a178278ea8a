import type { z } from 'zod'

/** A message of ours with every optional member, so that each of them can be left out in turn. */
export interface SampleMessage {
  readonly name: string
  readonly schema: z.ZodType
  readonly value: unknown
}

const thumbprint = 'A'.repeat(43)
const uuid = '11111111-1111-4111-8111-111111111111'
const time = '2026-11-25T10:00:00.000Z'
const atMs = 1_790_000_000_000
const sealKey = { kty: 'OKP', crv: 'X25519', x: `${'A'.repeat(42)}A` }
const request = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'
const platform = 'linux/amd64'
const nodeId = 'node-1'
const builderId = 'baaaaaaaaaaa'
const code = `forkproof-${'0'.repeat(64)}`

const envelope = (subject: string) => ({
  specversion: '1.0',
  id: 'id',
  source: 'forkproof/test',
  time,
  datacontenttype: 'application/json',
  subject,
})
const run = {
  eventClass: 'fork_pull_request',
  repository: 'octo-org/octo-repo',
  repositoryId: '74',
  runId: '77',
  attempt: '1',
  origin: { headRepositoryId: '75', pullRequestNumber: '12', accountIds: ['8'] },
  pullRequest: { number: '12', baseRef: 'main' },
}
const admitted = {
  projectId: 'prj_aaaaaaaaaaaaaaaa',
  relationshipId: 'trl_aaaaaaaaaaaaaaaa',
  run,
  grant: { maxMinutes: 20, concurrency: 4, egress: 'none', platforms: [platform], cache: 'none' },
}

/** Values that several messages have. */
export const sampleValues = {
  thumbprint,
  uuid,
  time,
  atMs,
  sealKey,
  request,
  platform,
  nodeId,
  builderId,
  code,
  envelope,
  run,
  admitted,
}
