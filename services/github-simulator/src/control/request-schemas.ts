import { z } from 'zod'
import { viewerKinds } from '../access/credential-store.ts'
import { workflowDefinitionSchema } from '../runner/workflow-definition.ts'
import { pullStates } from '../store/change-pulls.ts'
import { logLineCharsMax } from '../store/store-limits.ts'
import { authorAssociations, conclusions, runStatuses } from '../store/stored-types.ts'
import { webhookEvents } from '../webhooks/webhook-sender.ts'

const login = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})$/, 'not a login')
/** Of a person or of an App, whose login ends in `[bot]`. */
const actorLogin = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?$/, 'not a login')
const repositoryName = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/, 'not a repository name')
const fullName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, 'not owner/name')
const id = z.int().positive()
const sha = z.string().regex(/^[0-9a-f]{40}$/, 'not a commit id of 40 hexadecimal digits')
const text = z.string().max(1_000)
const time = z.iso
  .datetime({ offset: true })
  .describe('RFC 3339')
  .transform(value => Date.parse(value))
const visibility = z.enum(['public', 'private'])
const association = z.enum(authorAssociations)
const status = z.enum(runStatuses)
const conclusion = z.enum(conclusions).nullable()
const stepStatus = z.enum(['queued', 'in_progress', 'completed'])

export const userBody = z.strictObject({
  login,
  id: id.optional(),
  type: z.enum(['User', 'Organization']).optional(),
})

export const repositoryBody = z.strictObject({
  owner: login.describe('created if there is no such user'),
  name: repositoryName,
  id: id.optional(),
  visibility: visibility.optional(),
  defaultBranch: text.optional(),
  description: text.optional(),
  readers: z.array(login).max(100).optional().describe('who may read it while it is private'),
})

export const repositoryPatchBody = z
  .strictObject({ name: repositoryName, owner: login, visibility, description: text, readers: z.array(login).max(100) })
  .partial()

export const forkBody = z.strictObject({ owner: login, name: repositoryName.optional(), id: id.optional() })

export const pullBody = z.strictObject({
  headRepository: fullName,
  headBranch: text.optional(),
  headSha: sha.optional(),
  baseBranch: text.optional(),
  number: id.optional(),
  title: text.optional(),
  body: z.string().max(65_536).nullable().optional(),
  author: actorLogin.optional().describe('`dependabot[bot]` for its pull requests'),
  authorAssociation: association.optional(),
  associationInPublic: association
    .optional()
    .describe('what those see who do not see private members; unless said, a MEMBER looks like a CONTRIBUTOR'),
  draft: z.boolean().optional(),
  state: z.enum(pullStates).optional(),
})

export const pullPatchBody = z
  .strictObject({
    state: z.enum(pullStates),
    baseBranch: text,
    title: text,
    body: z.string().max(65_536).nullable(),
    headSha: sha,
    authorAssociation: association,
    associationInPublic: association,
    draft: z.boolean(),
  })
  .partial()

export const stepBody = z.strictObject({
  number: id.optional(),
  name: text,
  status: stepStatus.optional(),
  conclusion: conclusion.optional(),
})

export const stepPatchBody = z.strictObject({ name: text, status: stepStatus, conclusion }).partial()

export const jobBody = z.strictObject({
  id: id.optional(),
  key: text.optional(),
  name: text.optional(),
  status: status.optional(),
  conclusion: conclusion.optional(),
  labels: z.array(text).max(20).optional(),
  runnerName: text.optional(),
  startedAt: time.optional(),
  steps: z.array(stepBody).max(1_000).optional(),
})

export const jobPatchBody = z.strictObject({ name: text, status, conclusion }).partial()

const runFields = {
  id: id.optional(),
  pullRequest: id.optional().describe('fills head repository, branch, commit, title and actor'),
  event: text.optional(),
  headRepository: fullName.optional(),
  headBranch: text.optional(),
  headSha: sha.optional(),
  path: text.optional(),
  displayTitle: text.optional(),
  runNumber: id.optional(),
  actor: actorLogin.optional(),
  triggeringActor: actorLogin.optional(),
}

export const runBody = z.strictObject({
  ...runFields,
  name: text.optional(),
  status: status.optional(),
  conclusion: conclusion.optional(),
  attempt: z.int().min(1).max(1_000).optional(),
  createdAt: time.optional(),
  startedAt: time.optional(),
  jobs: z.array(jobBody).max(256).optional(),
})

export const runPatchBody = z
  .strictObject({
    event: text,
    status,
    conclusion,
    headSha: sha,
    headBranch: text,
    path: text,
    name: text,
    displayTitle: text,
    startedAt: time,
  })
  .partial()

export const attemptBody = z.strictObject({
  status: status.optional(),
  triggeringActor: actorLogin.optional(),
  jobs: z.array(jobBody).max(256).optional().describe('for runs that are not workflows'),
})

export const logBody = z.strictObject({
  step: id,
  lines: z.array(z.string().max(logLineCharsMax)).min(1).max(10_000),
})

export const artifactBody = z.strictObject({
  name: text.min(1),
  id: id.optional(),
  attempt: id.optional(),
  sizeBytes: z.int().min(0).optional(),
  digest: text.optional(),
  expired: z.boolean().optional(),
  createdAt: time.optional(),
  expiresAt: time.optional(),
})

export const artifactPatchBody = z.strictObject({ expired: z.boolean(), createdAt: time }).partial()

export const workflowBody = z.strictObject({
  repository: fullName,
  ...runFields,
  workflow: workflowDefinitionSchema,
  secrets: z.record(z.string(), z.string()).optional().describe('kept from runs of forks'),
  awaitsApproval: z.boolean().optional().describe('completed/action_required until approved'),
})

export const activityBody = z.strictObject({
  artifactsThere: z.int().min(0).max(10_000).optional().describe('artifacts that are made at once'),
  artifactEveryMs: z.int().min(1).max(600_000).optional(),
  stepEveryMs: z.int().min(1).max(600_000).optional().describe('in each job that is in progress'),
})

export const webhookBody = z.strictObject({
  url: z.url().max(2_000),
  secret: z.string().min(1).max(1_000).optional(),
  events: z.array(z.enum(webhookEvents)).min(1).optional(),
  repository: fullName.optional().describe('events of this repository alone'),
  app: id.optional().describe('events of the repositories where this App is installed'),
})

export const appBody = z.strictObject({
  id: id.optional(),
  slug: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,99}$/)
    .optional(),
  owner: login.optional(),
  publicKey: z.string().max(10_000).optional().describe('RSA, PEM; a key pair is made without one'),
})

export const installationBody = z.strictObject({
  account: login,
  repositories: z.array(fullName).max(1_000).optional().describe("all of the account's unless said"),
  limitPerHour: z.int().min(0).max(1_000_000).optional(),
})

export const installationPatchBody = z.strictObject({ isSuspended: z.boolean() })

export const credentialBody = z.strictObject({
  name: text.min(1),
  token: z.string().min(1).max(1_000).optional(),
  basic: z.strictObject({ username: text.min(1), password: text }).optional(),
  user: login.optional().describe('credentials of one user share one quota'),
  limitPerHour: z.int().min(0).max(1_000_000).optional(),
  readsPrivate: z.array(fullName).max(1_000).optional(),
  kind: z
    .enum(viewerKinds)
    .exclude(['anonymous', 'app', 'installation'])
    .optional()
    .describe("by the token's beginning unless said"),
  memberOf: z.array(login).max(100).optional().describe('organizations whose private members it sees'),
  lifetimeDays: z.int().min(1).max(36_500).nullable().optional().describe('null or absent: it never ends'),
  expiresAt: time.optional().describe('answered with 401 from then on'),
})

const number = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER)
export const repositoryParams = z.object({ owner: login, name: repositoryName })
export const pullParams = repositoryParams.extend({ number })
export const idParams = z.object({ id: number })
export const stepParams = z.object({ id: number, number })
export const nameParams = z.object({ name: text })
export const deliveryParams = z.object({ id: number, delivery: text })
export const ownerParams = z.object({ owner: login })
