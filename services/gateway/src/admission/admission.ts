import type { AccessRecord, Admitted } from '@forkproof/contracts/access'
import { AppError } from '@forkproof/contracts/errors'
import type { ProjectId } from '@forkproof/contracts/ids'
import type { Project } from '@forkproof/contracts/trust'
import type { Logger } from '@forkproof/infra/log'
import type { Secret } from '@forkproof/infra/secret'
import type { RequestLimits } from '../throttling/request-limits.ts'
import type { AccessRecords } from './access/access-records.ts'
import { denialOf } from './denials/denied-runs.ts'
import { type Evaluation, evaluate, failedRules, grantOf, relationshipsOf, wouldAdmit } from './evaluate.ts'
import type { VerifiedToken, VerifyIdToken } from './id-tokens/ports.ts'
import { NotAdmitted } from './not-admitted.ts'
import type { Admission } from './ports.ts'
import type { ProjectStore } from './projects/project-store.ts'
import type { UsedTokens } from './used-tokens.ts'

interface AdmissionDeps {
  readonly verify: VerifyIdToken
  readonly projects: ProjectStore
  readonly usedTokens: UsedTokens
  readonly accessRecords: AccessRecords
  readonly requestLimits: RequestLimits
  readonly log: Logger
}

/** Decides whether a run may build. docs/glossary.md: admission. */
export function createAdmission(deps: AdmissionDeps): Admission {
  return {
    admit: (idToken, projectId) => admit(deps, idToken, projectId),
    issue: admitted => deps.accessRecords.issue(admitted),
    authenticate: presented => authenticate(deps, presented),
  }
}

/** The policy is asked first, so that a maintainer can mend a rule and the same token be tried again. */
async function admit(deps: AdmissionDeps, idToken: Secret<string>, projectId: ProjectId): Promise<Admitted> {
  const token = await deps.verify(idToken)
  const { run } = token.claims
  deps.requestLimits.countExchange(run.repository, run.runId)
  const project = await projectFor(deps.projects, projectId, token)
  if (!project) {
    audit(deps.log, { token, projectId, state: 'refused', reason: 'project_not_found' })
    throw new AppError('project_not_found')
  }
  const denial = denialOf(project.denials, run)
  if (denial) {
    audit(deps.log, { token, projectId, state: 'refused', reason: `run_denied ${denial.key}` })
    throw new AppError('run_denied')
  }
  const evaluation = evaluate(project, token.claims)
  const { relationshipId, grant, decisions, pullRequest } = evaluation
  auditWouldBe(deps.log, { token, projectId }, evaluation)
  if (!relationshipId || !grant) {
    const reasons = failedRules(decisions)
    audit(deps.log, { token, projectId, state: 'refused', reason: reasons.join(' ') })
    throw new NotAdmitted(reasons)
  }
  if (!(await deps.usedTokens.useUp(token))) {
    audit(deps.log, { token, projectId, state: 'refused', reason: 'id_token_used' })
    throw new AppError('id_token_used')
  }
  audit(deps.log, { token, projectId, state: 'admitted', relationshipId })
  return { projectId, relationshipId, run: { ...run, ...(pullRequest && { pullRequest }) }, grant }
}

/**
 * A project as far as the token's repository goes: without its other relationships. A project that has none with
 * the repository looks like one that does not exist.
 */
export async function projectFor(
  projects: ProjectStore,
  projectId: ProjectId,
  { claims }: VerifiedToken,
): Promise<Pick<Project, 'relationships' | 'denials'> | undefined> {
  const project = (await projects.find(projectId))?.project
  const relationships = project ? relationshipsOf(project, claims) : []
  return project && relationships.length > 0 ? { relationships, denials: project.denials } : undefined
}

async function authenticate(deps: AdmissionDeps, presented: Secret<string>): Promise<AccessRecord | undefined> {
  const record = await deps.accessRecords.find(presented)
  if (!record) return undefined
  const project = (await deps.projects.find(record.projectId))?.project
  const rule = project?.relationships.find(({ id }) => id === record.relationshipId)?.rule
  const stands =
    rule?.mode === 'enforce' &&
    rule.eventClass === record.run.eventClass &&
    rule.repositoryId === record.run.repositoryId
  const denied = project !== undefined && denialOf(project.denials, record.run) !== undefined
  return stands && !denied ? { ...record, grant: grantOf(rule) } : undefined
}

interface Decided {
  readonly token: VerifiedToken
  readonly projectId: ProjectId
  readonly state: 'admitted' | 'refused' | 'would_admit'
  readonly relationshipId?: string
  readonly reason?: string
}

/** The audit trail: ids and the token's digest, never the token (docs/facts/oidc.md#audit-trail). */
function audit(log: Logger, { token, ...decided }: Decided): void {
  const { run, eventClass } = token.claims
  const { repository, runId, attempt } = run
  const { tokenId, tokenSha256 } = token
  log.info({ kind: eventClass, repository, runId, attempt, tokenId, tokenSha256, ...decided }, 'admission decided')
}

/** What relationships on trial (`mode: audit`) would have done. */
function auditWouldBe(
  log: Logger,
  of: { token: VerifiedToken; projectId: ProjectId },
  { decisions, relationshipId: admitting }: Evaluation,
): void {
  for (const decision of decisions.filter(wouldAdmit)) {
    const { relationshipId, rules } = decision
    const onTrial = rules.some(({ passed }) => !passed)
    if (onTrial && relationshipId !== admitting) audit(log, { ...of, state: 'would_admit', relationshipId })
  }
}
