import type { AdmittedRun, EffectiveGrant } from '@forkproof/contracts/access'
import type { RelationshipId } from '@forkproof/contracts/ids'
import { type Project, pullRequestDemand, type TrustRelationship, type TrustRule } from '@forkproof/contracts/trust'
import type { ForkPullRequestClaims, RunClaims } from './run-claims.ts'

export const ruleNames = [
  'event_class',
  'repository_id',
  'workflow_path',
  'base_ref',
  'author_association',
  'pull_request',
  'proof_method',
  'event',
  'ref',
  'mode',
] as const
export type RuleName = (typeof ruleNames)[number]

interface RuleResult {
  readonly rule: RuleName
  /** Any of these passes. */
  readonly expected: readonly string[]
  /** Absent when the run or its token does not say. */
  readonly actual?: string
  readonly passed: boolean
}

export interface RelationshipDecision {
  readonly relationshipId: RelationshipId
  readonly rules: readonly RuleResult[]
}

export interface Evaluation {
  readonly admitted: boolean
  readonly relationshipId?: RelationshipId
  readonly grant?: EffectiveGrant
  /** What the admitting relationship demands of the pull request; it is looked at again when a build starts. */
  readonly pullRequest?: AdmittedRun['pullRequest']
  readonly decisions: readonly RelationshipDecision[]
}

/**
 * Whether a project admits a run, and why. Deny by default: a relationship admits when every one of its rules
 * passes (and across rules, or within a list, exact values), and the first that admits decides. The same function
 * answers the exchange and `trust:explain`.
 */
export function evaluate(project: Pick<Project, 'relationships'>, claims: RunClaims): Evaluation {
  const decisions = project.relationships.map(({ id, rule }) => ({
    relationshipId: id,
    rules: resultsOf(rule, claims),
  }))
  const at = decisions.findIndex(decision => decision.rules.every(result => result.passed))
  const admitting = at < 0 ? undefined : project.relationships[at]
  if (!admitting) return { admitted: false, decisions }
  const pullRequest = demandedPullRequest(admitting.rule, claims)
  const { id: relationshipId, rule } = admitting
  return { admitted: true, relationshipId, grant: grantOf(rule), ...(pullRequest && { pullRequest }), decisions }
}

function demandedPullRequest(rule: TrustRule, claims: RunClaims): AdmittedRun['pullRequest'] {
  if (rule.eventClass !== 'fork_pull_request' || claims.eventClass !== 'fork_pull_request') return undefined
  const { pullRequestNumber: number, baseRef } = claims
  if (pullRequestDemand(rule) === 'any' || number === undefined) return undefined
  return { number, ...(rule.baseRefs && baseRef !== undefined && { baseRef }) }
}

/** A fork's run never gets a project cache: its grant has no word for it. */
export const grantOf = (rule: TrustRule): EffectiveGrant =>
  rule.eventClass === 'trusted' ? rule.grant : { ...rule.grant, cache: 'none' }

/** Rules that only lack `mode: enforce`. */
export const wouldAdmit = ({ rules }: RelationshipDecision): boolean =>
  rules.every(result => result.passed || result.rule === 'mode')

/** The rules that failed in the relationships that came nearest; names only. */
export function failedRules(decisions: readonly RelationshipDecision[]): readonly RuleName[] {
  const failures = decisions.map(({ rules }) => rules.filter(result => !result.passed).map(({ rule }) => rule))
  const fewest = Math.min(...failures.map(names => names.length))
  const nearest = new Set(failures.filter(names => names.length === fewest).flat())
  return ruleNames.filter(name => nearest.has(name))
}

/** Relationships with the run's own repository. The holder of a token learns nothing of others. */
export const relationshipsOf = (project: Project, claims: RunClaims): TrustRelationship[] =>
  project.relationships.filter(({ rule }) => rule.repositoryId === claims.run.repositoryId)

function resultsOf(rule: TrustRule, claims: RunClaims): readonly RuleResult[] {
  return [
    check('event_class', [rule.eventClass], claims.eventClass),
    check('repository_id', [rule.repositoryId], claims.run.repositoryId),
    ...checkIfListed('workflow_path', rule.workflowPaths, claims.workflowPath),
    ...ownRules(rule, claims),
    check('mode', ['enforce'], rule.mode),
  ]
}

function ownRules(rule: TrustRule, claims: RunClaims): readonly RuleResult[] {
  if (rule.eventClass === 'trusted') {
    const { event, ref } = claims.eventClass === 'trusted' ? claims : {}
    return [check('event', rule.events, event), ...checkIfListed('ref', rule.refs, ref)]
  }
  const known: Partial<ForkPullRequestClaims> = claims.eventClass === 'fork_pull_request' ? claims : {}
  const mustBeOpen = pullRequestDemand(rule) === 'open'
  return [
    ...checkIfListed('base_ref', rule.baseRefs, known.baseRef),
    ...checkIfListed('author_association', rule.authorAssociations, known.authorAssociation),
    // Without its number it could not be looked at again.
    ...checkIfListed(
      'pull_request',
      mustBeOpen ? ['open'] : undefined,
      known.pullRequestNumber && known.pullRequestState,
    ),
    check('proof_method', rule.proofMethods, known.proofMethod),
  ]
}

const checkIfListed = (rule: RuleName, expected: readonly string[] | undefined, actual: string | undefined) =>
  expected === undefined ? [] : [check(rule, expected, actual)]

const check = (rule: RuleName, expected: readonly string[], actual: string | undefined): RuleResult => ({
  rule,
  expected,
  ...(actual !== undefined && { actual }),
  passed: actual !== undefined && expected.includes(actual),
})
