import { describe, expect, it } from 'vitest'
import { claimObstacles, obstacleFailure } from './claim-obstacles.ts'
import { type EnvironmentVariables, recogniseRun } from './run-environment.ts'

const base = { id: 1, full_name: 'acme/widgets', private: false }
const fork = { id: 2, full_name: 'contributor/widgets' }
const event = (head: object | null = fork, target: object = base) =>
  JSON.stringify({ action: 'opened', pull_request: { number: 6, head: { repo: head }, base: { repo: target } } })

const env: EnvironmentVariables = {
  GITHUB_ACTIONS: 'true',
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_REPOSITORY: 'acme/widgets',
  GITHUB_RUN_ID: '4711',
  GITHUB_RUN_ATTEMPT: '2',
}
const oidc: EnvironmentVariables = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.actions.example/x?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer',
}

describe('a run that can claim', () => {
  it('is a pull request from a fork of a public repository', () => {
    expect(recogniseRun(env, event())).toEqual({
      kind: 'claim',
      run: { repository: 'acme/widgets', headRepository: 'contributor/widgets', runId: '4711', attempt: '2' },
    })
  })

  it('is told a fork by its id, not by its name', () => {
    expect(recogniseRun(env, event({ ...fork, full_name: 'acme/widgets' })).kind).toBe('claim')
  })

  it('may be spelt differently in the event', () => {
    expect(recogniseRun(env, event(fork, { ...base, full_name: 'Acme/Widgets' })).kind).toBe('claim')
  })
})

describe('a run with GitHub’s own OIDC', () => {
  it.each(['push', 'pull_request', 'pull_request_target', 'schedule', 'workflow_dispatch'])(
    'uses that, whatever the event: %s',
    eventName => {
      const where = recogniseRun({ ...env, ...oidc, GITHUB_EVENT_NAME: eventName }, undefined)
      expect(where).toMatchObject({ kind: 'native', eventName, oidc: { requestToken: 'bearer' } })
    },
  )

  it.each([
    ['the address', { ACTIONS_ID_TOKEN_REQUEST_URL: undefined }],
    ['the bearer token', { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }],
    ['an address that is one', { ACTIONS_ID_TOKEN_REQUEST_URL: 'not an address' }],
    ['an encrypted address', { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://token.example/x' }],
    ['a web address', { ACTIONS_ID_TOKEN_REQUEST_URL: 'file:///etc/passwd' }],
  ])('is not one without %s', (_, change) => {
    expect(recogniseRun({ ...env, ...oidc, ...change }, event()).kind).toBe('claim')
  })

  it.each(['http://127.0.0.1:9/x', 'http://localhost:9/x', 'http://[::1]:9/x', 'http://github.localhost:9/x'])(
    'may be on this machine: %s',
    url => {
      expect(recogniseRun({ ...env, ...oidc, ACTIONS_ID_TOKEN_REQUEST_URL: url }, event()).kind).toBe('native')
    },
  )
})

describe('a run that cannot claim', () => {
  it.each([
    ['not_in_actions', {}, event()],
    ['not_in_actions', { ...env, GITHUB_ACTIONS: undefined }, event()],
    ['not_in_actions', { ...oidc }, event()],
    ['pull_request_target', { ...env, GITHUB_EVENT_NAME: 'pull_request_target' }, event()],
    ['workflow_run', { ...env, GITHUB_EVENT_NAME: 'workflow_run' }, event()],
    ['pull_request_review', { ...env, GITHUB_EVENT_NAME: 'pull_request_review' }, event()],
    ['pull_request_review', { ...env, GITHUB_EVENT_NAME: 'pull_request_review_comment' }, event()],
    ['event_without_permission', { ...env, GITHUB_EVENT_NAME: 'push' }, event()],
    ['event_without_permission', { ...env, GITHUB_EVENT_NAME: 'schedule' }, event()],
    ['event_without_permission', { ...env, GITHUB_EVENT_NAME: 'workflow_dispatch' }, event()],
    ['event_without_permission', { ...env, GITHUB_EVENT_NAME: 'Pull_Request' }, event()],
    ['event_without_permission', { ...env, GITHUB_EVENT_NAME: undefined }, event()],
    ['event_file_missing', env, undefined],
    ['event_file_malformed', env, ''],
    ['event_file_malformed', env, 'null'],
    ['event_file_malformed', env, '{}'],
    ['event_file_malformed', env, '{"pull_request":null}'],
    ['event_file_malformed', env, event({ full_name: 'contributor/widgets' })],
    ['event_file_malformed', env, event({ ...fork, id: '2' })],
    ['event_file_malformed', env, event(fork, { id: 1, full_name: 'acme/widgets' })],
    ['event_file_malformed', env, event({ ...fork, full_name: '../widgets' })],
    ['head_repository_gone', env, event(null)],
    ['same_repository', env, event({ ...fork, id: 1 })],
    ['private_repository', env, event(fork, { ...base, private: true })],
    ['private_repository', env, event(null, { ...base, private: true })],
    ['run_identity_missing', { ...env, GITHUB_RUN_ID: undefined }, event()],
    ['run_identity_missing', { ...env, GITHUB_RUN_ID: '9007199254740993' }, event()],
    ['run_identity_missing', { ...env, GITHUB_RUN_ATTEMPT: '0' }, event()],
    ['run_identity_missing', { ...env, GITHUB_REPOSITORY: 'acme/..' }, event()],
    ['event_of_another_repository', { ...env, GITHUB_REPOSITORY: 'acme/gadgets' }, event()],
  ] as const)('%s (case %#)', (reason, variables, eventText) => {
    expect(recogniseRun(variables, eventText)).toEqual({ kind: 'cannot', reason })
  })

  it('is told why and what to do, in every case', () => {
    for (const reason of Object.keys(claimObstacles) as (keyof typeof claimObstacles)[]) {
      const failure = obstacleFailure(reason)
      expect(failure.kind).toBe('cannot')
      expect(failure.message.length).toBeGreaterThan(20)
      expect(failure.advice?.length).toBeGreaterThan(20)
    }
  })

  it('is warned of pull_request_target and pointed to pull_request', () => {
    expect(claimObstacles.pull_request_target.advice).toMatch(/`pull_request`.*secrets/)
  })

  it.each(['event_without_permission', 'same_repository'] as const)('is told of the permission: %s', reason => {
    expect(claimObstacles[reason].advice).toContain('id-token: write')
  })
})

describe('a pull request of Dependabot’s, from a branch of the repository itself', () => {
  const same = { ...fork, id: 1 }
  const opened = (id: number | undefined) =>
    JSON.stringify({
      pull_request: { user: id === undefined ? null : { id }, head: { repo: same }, base: { repo: base } },
    })
  const caused = { ...env, GITHUB_ACTOR_ID: '49699333' }

  it('can claim, because GitHub gives its run no token', () => {
    expect(recogniseRun(caused, opened(49_699_333))).toMatchObject({ kind: 'claim' })
  })

  it.each<[string, EnvironmentVariables, number | undefined]>([
    ['a person pushed to it', { ...env, GITHUB_ACTOR_ID: '21' }, 49_699_333],
    ['no actor is known', env, 49_699_333],
    ['a person opened it', caused, 21],
    ['its author is gone', caused, undefined],
  ])('needs GitHub’s own token when %s', (_, variables, author) => {
    expect(recogniseRun(variables, opened(author))).toEqual({ kind: 'cannot', reason: 'same_repository' })
  })
})
