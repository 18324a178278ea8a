import { AccessRecord, Admitted } from '../access.ts'
import { RunFacts } from '../facts.ts'
import { GithubBudgetReport, RelatedRepositories } from '../github-report.ts'
import { RunInspection, RunQuestion } from '../inspection.ts'
import { JsonWebKeySet } from '../jwks.ts'
import { RunHint } from '../run-hint.ts'
import { Project } from '../trust.ts'
import { type SampleMessage, sampleValues } from './sample-message.ts'

const { thumbprint, time, atMs, platform, run, admitted } = sampleValues

const repository = { id: '74', name: 'octo-org/octo-repo', ownerId: '7', owner: 'octo-org' }
const account = { id: '8', login: 'alice' }
const factsOfRun = {
  repository,
  headRepository: repository,
  run: {
    id: '77',
    number: '10',
    attempt: '1',
    workflowName: 'ci',
    workflowPath: '.github/workflows/ci.yml',
    headSha: 'a'.repeat(40),
    headRef: 'fix',
  },
  actor: account,
  triggeringActor: account,
  pullRequest: {
    number: '12',
    baseRef: 'main',
    baseSha: 'b'.repeat(40),
    author: account,
    authorAssociation: 'NONE',
    state: 'open',
    readAt: 1_790_000_000,
  },
  job: { id: '99' },
}

export const sampleDocuments: readonly SampleMessage[] = [
  { name: 'what was admitted', schema: Admitted, value: admitted },
  {
    name: 'the record of an access token',
    schema: AccessRecord,
    value: { ...admitted, issuedAtMs: atMs, expiresAtMs: atMs },
  },
  {
    name: 'a project',
    schema: Project,
    value: {
      id: admitted.projectId,
      name: 'project',
      createdAt: time,
      denials: [{ key: 'author:8', reason: 'mines coins', by: 'octocat', createdAt: time }],
      relationships: [
        {
          id: admitted.relationshipId,
          createdAt: time,
          rule: {
            eventClass: 'fork_pull_request',
            repositoryId: '74',
            workflowPaths: ['.github/workflows/ci.yml'],
            mode: 'enforce',
            baseRefs: ['main'],
            authorAssociations: ['MEMBER'],
            proofMethods: ['artifact'],
            pullRequest: 'open',
            grant: { maxMinutes: 20, concurrency: 4, egress: 'none', platforms: [platform] },
          },
        },
      ],
    },
  },
  {
    name: 'the published keys',
    schema: JsonWebKeySet,
    value: { keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: thumbprint, n: 'n'.repeat(342), e: 'AQAB' }] },
  },
  {
    name: 'the report of the budget',
    schema: GithubBudgetReport,
    value: {
      atMs,
      unknownFromMs: atMs,
      relatedFromMs: atMs,
      credentials: [{ kind: 'classic-token', limit: 5_000, remaining: 4_000, spendable: 1_000 }],
    },
  },
  {
    name: 'the related repositories',
    schema: RelatedRepositories,
    value: { atMs, repositories: [{ id: '74', name: run.repository }], unresolved: 0 },
  },
  {
    name: 'the question about a run',
    schema: RunQuestion,
    value: {
      repository: run.repository,
      runId: '77',
      attempt: '1',
      repositoryId: '74',
      eventClass: 'fork_pull_request',
    },
  },
  {
    name: 'the inspection of a run',
    schema: RunInspection,
    value: {
      outcome: 'running',
      event: 'pull_request',
      headRef: 'fix',
      workflowPath: '.github/workflows/ci.yml',
      repositoryId: '74',
      attempt: '1',
      facts: factsOfRun,
    },
  },
  {
    name: 'the inspection that refuses',
    schema: RunInspection,
    value: { outcome: 'refused', reason: 'run_not_found', detail: 'd' },
  },
  { name: 'the facts of a run', schema: RunFacts, value: factsOfRun },
  {
    name: 'a hint about a job',
    schema: RunHint,
    value: { about: 'job', repositoryId: '74', runId: '77', attempt: '1', jobId: '99', action: 'completed' },
  },
  {
    name: 'a hint about a run',
    schema: RunHint,
    value: { about: 'run', repositoryId: '74', runId: '77', attempt: '1', action: 'completed' },
  },
  {
    name: 'a hint about a pull request',
    schema: RunHint,
    value: { about: 'pull request', repositoryId: '74', headSha: 'a'.repeat(40), action: 'closed' },
  },
]
