import type { AdmittedRun, EffectiveGrant } from '@forkproof/contracts/access'
import { AppError } from '@forkproof/contracts/errors'
import type { ProjectId, RelationshipId, RepositoryName } from '@forkproof/contracts/ids'
import type { Secret } from '@forkproof/infra/secret'
import type { GithubOutlook, GithubStanding } from '../../claims/github-outlook.ts'
import { projectFor } from '../admission.ts'
import { denialOf } from '../denials/denied-runs.ts'
import { type Evaluation, evaluate, type RelationshipDecision } from '../evaluate.ts'
import type { VerifyIdToken } from '../id-tokens/ports.ts'
import type { RunInspector } from '../ports.ts'
import type { ProjectStore } from '../projects/project-store.ts'
import type { RunClaims } from '../run-claims.ts'
import type { UsedTokens } from '../used-tokens.ts'
import { claimsOfRun } from './claims-of-run.ts'

interface Explanation {
  readonly projectId: ProjectId
  readonly admitted: boolean
  readonly relationshipId?: RelationshipId
  readonly grant?: EffectiveGrant
  /** Why not, when that lies with the run or the token and not with a rule. */
  readonly reason?: string
  readonly detail?: string
  /** What the rules were held against; absent when the run cannot be read or is over. */
  readonly run?: RunClaims
  readonly decisions: readonly RelationshipDecision[]
  /** How claims of the repository stand with the issuer's requests to GitHub. */
  readonly github: ExplainedStanding
}

interface ExplainedStanding {
  /** Repositories that a project names are served first. */
  readonly repository: GithubStanding['repository']
  /** RFC 3339; absent when claims are taken now. */
  readonly servedFrom?: string
  /** What is left of the hour, for the operator alone. */
  readonly credentials?: GithubStanding['credentials']
}

export interface Explain {
  /** Uses nothing up. Its holder hears of relationships with the token's own repository only, the operator of all. */
  ofToken(question: { projectId: ProjectId; token: Secret<string>; asOperator: boolean }): Promise<Explanation>
  /** Looks at the run itself. For the operator: the answer names whatever the project's rules say. */
  ofRun(question: {
    projectId: ProjectId
    run: Pick<AdmittedRun, 'repository' | 'runId'>
    signal: AbortSignal
  }): Promise<Explanation>
}

interface ExplainDeps {
  readonly verify: VerifyIdToken
  readonly projects: ProjectStore
  readonly usedTokens: UsedTokens
  readonly inspector: RunInspector
  readonly githubOutlook: Pick<GithubOutlook, 'standing'>
}

/** Answers with the very function that the exchange decides with, so that the two cannot differ. */
export function createExplain({ verify, projects, usedTokens, inspector, githubOutlook }: ExplainDeps): Explain {
  const standingOf = async (repository: RepositoryName, asOperator: boolean): Promise<ExplainedStanding> => {
    const { repository: standing, servedFromMs, credentials } = await githubOutlook.standing(repository)
    return {
      repository: standing,
      ...(servedFromMs !== undefined && { servedFrom: new Date(servedFromMs).toISOString() }),
      ...(asOperator && { credentials }),
    }
  }
  return {
    ofToken: async ({ projectId, token, asOperator }) => {
      const verified = await verify(token)
      const project = asOperator
        ? (await projects.find(projectId))?.project
        : await projectFor(projects, projectId, verified)
      if (!project) throw new AppError('project_not_found')
      const github = await standingOf(verified.claims.run.repository, asOperator)
      const explanation = { ...explained(projectId, verified.claims, evaluate(project, verified.claims)), github }
      if (denialOf(project.denials, verified.claims.run)) return deniedAs(explanation)
      if (!(await usedTokens.isUsed(verified))) return explanation
      return { ...explanation, admitted: false, reason: 'id_token_used' }
    },
    ofRun: async ({ projectId, run, signal }) => {
      const { project } = await projects.get(projectId)
      const inspection = await inspector.inspect(run, signal)
      const github = await standingOf(run.repository, true)
      if (inspection.outcome === 'refused') {
        const { reason, detail } = inspection
        return { projectId, admitted: false, reason, ...(detail !== undefined && { detail }), decisions: [], github }
      }
      const claims = claimsOfRun(run, inspection)
      const explanation = { ...explained(projectId, claims, evaluate(project, claims)), github }
      return denialOf(project.denials, claims.run) ? deniedAs(explanation) : explanation
    },
  }
}

/** Whatever the relationships say. */
function deniedAs({ relationshipId: _, grant: __, ...explanation }: Explanation): Explanation {
  return { ...explanation, admitted: false, reason: 'run_denied' }
}

function explained(projectId: ProjectId, run: RunClaims, evaluation: Evaluation): Omit<Explanation, 'github'> {
  return { projectId, run, ...evaluation }
}
