import { dependabotAccount } from '@forkproof/contracts/dependabot'
import { RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import type { ClaimObstacle } from './claim-obstacles.ts'

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/** A fork's pull request run, as the runner describes it. The issuer checks all of this at GitHub. */
export interface ForkRun {
  readonly repository: RepositoryName
  readonly headRepository: RepositoryName
  readonly runId: RunId
  readonly attempt: RunAttempt
}

/** GitHub's own token service for this job. */
export interface NativeOidc {
  readonly requestUrl: string
  readonly requestToken: string
}

export type RunEnvironment =
  | { readonly kind: 'native'; readonly oidc: NativeOidc; readonly eventName: string }
  | { readonly kind: 'claim'; readonly run: ForkRun }
  | { readonly kind: 'cannot'; readonly reason: ClaimObstacle }

const EventRepository = z.object({ id: z.int(), full_name: RepositoryName })
/** The used members of the event (docs/facts/github.md#event-file). `head.repo` is null once the fork is gone. */
const PullRequestEvent = z.object({
  pull_request: z.object({
    user: z.object({ id: z.int() }).nullish(),
    head: z.object({ repo: EventRepository.nullable() }),
    base: z.object({ repo: EventRepository.extend({ private: z.boolean() }) }),
  }),
})

const cannot = (reason: ClaimObstacle): RunEnvironment => ({ kind: 'cannot', reason })

/**
 * Recognises the run that this process belongs to, and the way to a token that it has.
 * @param eventText the content of the file that GITHUB_EVENT_PATH names; undefined if there is none
 */
export function recogniseRun(env: EnvironmentVariables, eventText: string | undefined): RunEnvironment {
  if (env['GITHUB_ACTIONS'] !== 'true') return cannot('not_in_actions')
  const eventName = env['GITHUB_EVENT_NAME'] ?? ''
  const oidc = nativeOidc(env)
  if (oidc) return { kind: 'native', oidc, eventName }
  if (eventName === 'pull_request_target' || eventName === 'workflow_run') return cannot(eventName)
  if (eventName.startsWith('pull_request_review')) return cannot('pull_request_review')
  if (eventName !== 'pull_request') return cannot('event_without_permission')
  if (eventText === undefined) return cannot('event_file_missing')
  return recognisePullRequest(env, eventText)
}

function recognisePullRequest(env: EnvironmentVariables, eventText: string): RunEnvironment {
  const event = PullRequestEvent.safeParse(parseJson(eventText))
  if (!event.success) return cannot('event_file_malformed')
  const { head, base, user } = event.data.pull_request
  if (base.repo.private) return cannot('private_repository')
  if (head.repo === null) return cannot('head_repository_gone')
  // GitHub treats Dependabot's runs as a fork's. The issuer checks that they are.
  const isDependabots = user?.id === dependabotAccount.id && env['GITHUB_ACTOR_ID'] === String(dependabotAccount.id)
  if (head.repo.id === base.repo.id && !isDependabots) return cannot('same_repository')
  const runId = RunId.safeParse(env['GITHUB_RUN_ID'])
  const attempt = RunAttempt.safeParse(env['GITHUB_RUN_ATTEMPT'])
  const repository = RepositoryName.safeParse(env['GITHUB_REPOSITORY'])
  if (!runId.success || !attempt.success || !repository.success) return cannot('run_identity_missing')
  // After a rename both have the new name, so a difference means that the file belongs to another run.
  if (repository.data.toLowerCase() !== base.repo.full_name.toLowerCase()) return cannot('event_of_another_repository')
  const run = {
    repository: repository.data,
    headRepository: head.repo.full_name,
    runId: runId.data,
    attempt: attempt.data,
  }
  return { kind: 'claim', run }
}

/** Both variables or nothing. The bearer token must not travel unencrypted, except on this machine. */
function nativeOidc(env: EnvironmentVariables): NativeOidc | undefined {
  const requestUrl = env['ACTIONS_ID_TOKEN_REQUEST_URL']
  const requestToken = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
  if (!requestUrl || !requestToken || !URL.canParse(requestUrl)) return undefined
  const { protocol, hostname } = new URL(requestUrl)
  const loopback =
    hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost' || hostname.endsWith('.localhost')
  return protocol === 'https:' || (protocol === 'http:' && loopback) ? { requestUrl, requestToken } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
