import { isLocalAction, type ResolvedAction, resolveAction } from '../action/resolve-action.ts'
import type { StepDefinition } from '../workflow-definition.ts'
import { failureLine } from './failure-line.ts'
import type { JobSession } from './job-session.ts'

/** The version this runner says it is; what it does is modelled on that one. */
const runnerVersion = '2.336.0'

/**
 * The body of "Set up job": says what the job may do and finds the actions it uses.
 * Undefined when one of them cannot be used, which fails the job before any of its steps.
 */
export async function setUpJob(
  session: JobSession,
  stepNumber: number,
  jobName: string,
): Promise<Map<StepDefinition, ResolvedAction> | undefined> {
  const { feed, assignment } = session
  const say = (line: string) => feed.write(stepNumber, line)
  say(`Current runner version: '${runnerVersion}'`)
  say('##[group]Runner Image')
  say('Image: forkproof-simulator')
  say('##[endgroup]')
  say('##[group]GITHUB_TOKEN Permissions')
  for (const [scope, access] of tokenPermissions(session)) say(`${scope}: ${access}`)
  say('##[endgroup]')
  say(`Secret source: ${Object.keys(assignment.secrets).length > 0 ? 'Actions' : 'None'}`)
  say('Prepare workflow directory')
  say('Prepare all required actions')
  const actions = new Map<StepDefinition, ResolvedAction>()
  try {
    for (const step of session.job.steps) {
      if (step.uses === undefined || isLocalAction(step.uses)) continue
      actions.set(step, await resolveAction(step.uses, session.settings.actionsRoot, session.directories.workspace))
    }
  } catch (error) {
    feed.error(stepNumber, failureLine(session, error))
    return undefined
  }
  say(`Complete job name: ${feed.displayName(jobName)}`)
  return actions
}

/** A fork's token can only read, whatever the workflow asks for. `id-token` needs a way to ask for one. */
function tokenPermissions(session: JobSession): [scope: string, access: string][] {
  const asked = Object.entries(session.assignment.workflow.permissions ?? { contents: 'read' })
  const trusted = session.assignment.idTokenRequest !== undefined
  const granted = asked.flatMap(([scope, access]): [string, string][] => {
    if (scope === 'id-token') return trusted && access === 'write' ? [['IdToken', 'write']] : []
    return access === 'none' ? [] : [[title(scope), access === 'write' && isForkEvent(session) ? 'read' : access]]
  })
  return [...granted, ['Metadata', 'read']]
}

function title(scope: string): string {
  return scope
    .split('-')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

function isForkEvent(session: JobSession): boolean {
  const event = session.assignment.githubContext['event'] as
    | { pull_request?: { head?: { repo?: { id?: unknown } | null }; base?: { repo?: { id?: unknown } } } }
    | undefined
  const pullRequest = event?.pull_request
  return pullRequest !== undefined && pullRequest.head?.repo?.id !== pullRequest.base?.repo?.id
}
