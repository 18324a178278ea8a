import { AdmittedRun, EffectiveGrant } from '@forkproof/contracts/access'
import { AppError } from '@forkproof/contracts/errors'
import { RelationshipId, RepositoryName, RunId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { z } from 'zod'
import { ruleNames } from '../../admission/evaluate.ts'
import { idTokenCharsMax } from '../../admission/id-tokens/verify-id-token.ts'
import { demandOperator } from '../../admission/operator.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { disconnectSignal } from '../disconnect-signal.ts'
import { operatorProblems, operatorSecurity, parseProjectId } from './projects.ts'

const bodyBytesMax = 24_576

const Question = z.union([
  z.strictObject({ projectId: z.string(), token: z.string().min(1).max(idTokenCharsMax) }),
  z.strictObject({ projectId: z.string(), repository: RepositoryName, runId: RunId }),
])

const known = { workflowPath: z.string().optional() }
const RunClaimsAnswer = z.discriminatedUnion('eventClass', [
  z.object({
    eventClass: z.literal('fork_pull_request'),
    run: AdmittedRun,
    ...known,
    baseRef: z.string().optional(),
    authorAssociation: z.string().optional(),
    pullRequestNumber: z.string().optional(),
    pullRequestState: z.string().optional(),
    proofMethod: z.string().optional(),
  }),
  z.object({
    eventClass: z.literal('trusted'),
    run: AdmittedRun,
    ...known,
    event: z.string(),
    ref: z.string().optional(),
  }),
])
const RuleResultAnswer = z.object({
  rule: z.enum(ruleNames),
  expected: z.array(z.string()).readonly().meta({ description: 'any of these passes' }),
  actual: z.string().optional().meta({ description: 'absent when the run or its token does not say' }),
  passed: z.boolean(),
})
const ExplanationAnswer = z.object({
  projectId: z.string(),
  admitted: z.boolean(),
  relationshipId: RelationshipId.optional().meta({ description: 'the first that admits' }),
  grant: EffectiveGrant.optional(),
  reason: z.string().optional().meta({ description: 'an error code, when it lies with the run or the token' }),
  detail: z.string().optional(),
  run: RunClaimsAnswer.optional().meta({ description: 'what the rules were held against' }),
  decisions: z
    .array(z.object({ relationshipId: RelationshipId, rules: z.array(RuleResultAnswer).readonly() }))
    .readonly()
    .meta({ description: 'relationships in order; every rule of one must pass' }),
  github: z
    .object({
      repository: z.enum(['related', 'unknown']),
      servedFrom: z.iso.datetime().optional().meta({ description: 'absent when claims are taken now' }),
      credentials: z
        .array(z.object({ kind: z.string(), limit: z.int(), remaining: z.int(), spendable: z.int() }))
        .readonly()
        .optional()
        .meta({
          description: 'requests of this hour; spendable is what repositories that no project names get of them',
        }),
    })
    .meta({ description: 'how the repository’s claims stand with the issuer’s requests to GitHub' }),
})

/**
 * Why a run is admitted or not. The holder of a token may ask about that token; the operator about any, and about
 * runs.
 */
export function trustExplainRoute(app: GatewayApp, deps: RouteDeps): void {
  const { explain, isOperator, requestLimits } = deps
  // Two colons are one in the address: a single one would begin a parameter.
  app.post('/v1/trust::explain', {
    schema: {
      summary: 'Why a run is (not) admitted, rule by rule; uses no token up',
      tags: ['trust'],
      security: [...operatorSecurity, {}],
      body: Question,
      response: { 200: ExplanationAnswer, ...operatorProblems },
    },
    bodyLimit: bodyBytesMax,
    onRequest: async ({ ip, headers: { authorization } }) => {
      requestLimits.countRequest(ip)
      // A caller with a credential wants to be the operator: a wrong one is an error and does not get the lesser
      // answer.
      if (authorization !== undefined) demandOperator(isOperator, authorization)
    },
    handler: async ({ body, headers: { authorization } }, reply) => {
      const asOperator = isOperator(authorization)
      if ('token' in body) {
        const projectId = parseProjectId(body.projectId)
        return explain.ofToken({ projectId, token: new Secret(body.token), asOperator })
      }
      if (!asOperator) throw new AppError('operator_token_invalid')
      const { repository, runId } = body
      const projectId = parseProjectId(body.projectId)
      return explain.ofRun({ projectId, run: { repository, runId }, signal: disconnectSignal(reply) })
    },
  })
}
