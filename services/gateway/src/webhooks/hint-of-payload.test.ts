import { describe, expect, it } from 'vitest'
import { publishedPayload } from '../testing/published-webhooks.ts'
import { hintOfPayload } from './hint-of-payload.ts'

const repository = { id: 74 }
const sha = 'a'.repeat(40)
const job = { repository, workflow_job: { id: 99, run_id: 77, run_attempt: 2 } }
const ended = { ...job, workflow_job: { ...job.workflow_job, completed_at: '2026-11-25T10:00:00Z' } }
const run = { repository, workflow_run: { id: 77, run_attempt: 2 } }
const pull = { repository, pull_request: { head: { sha } } }
const aboutJob = { about: 'job', repositoryId: '74', runId: '77', attempt: '2', jobId: '99' }
const aboutRun = { about: 'run', repositoryId: '74', runId: '77', attempt: '2' }
const aboutPull = { about: 'pull request', repositoryId: '74', headSha: sha }

describe('a payload as GitHub publishes it', () => {
  it.each([
    ['workflow_job', 'workflow-job-queued', job, { ...aboutJob, action: 'queued' }],
    ['workflow_job', 'workflow-job-waiting', job, { ...aboutJob, action: 'waiting' }],
    ['workflow_job', 'workflow-job-in-progress', job, { ...aboutJob, action: 'in_progress' }],
    ['workflow_job', 'workflow-job-completed', ended, { ...aboutJob, action: 'completed' }],
    ['workflow_run', 'workflow-run-requested', run, { ...aboutRun, action: 'requested' }],
    ['workflow_run', 'workflow-run-in-progress', run, { ...aboutRun, action: 'in_progress' }],
    ['workflow_run', 'workflow-run-completed', run, { ...aboutRun, action: 'completed' }],
    ['pull_request', 'pull-request-closed', pull, { ...aboutPull, action: 'closed' }],
    ['pull_request', 'pull-request-reopened', pull, { ...aboutPull, action: 'reopened' }],
    ['pull_request', 'pull-request-edited', pull, { ...aboutPull, action: 'edited' }],
  ])('of %s, %s, becomes a hint of ids alone', (event, name, changes, hint) => {
    expect(hintOfPayload(event, publishedPayload(name, changes))).toEqual(hint)
  })

  it.each([
    ['ping', 'ping'],
    ['pull_request', 'pull-request-opened'],
    ['push', 'push'],
  ])('of %s, %s, is nothing that anybody waits for', (event, name) => {
    expect(hintOfPayload(event, publishedPayload(name))).toBeUndefined()
  })

  it('says nothing when its event’s name was changed: that header is not signed', () => {
    const payload = publishedPayload('workflow-job-completed', ended)
    expect(
      ['workflow_run', 'pull_request', 'ping', '', 'constructor'].map(name => hintOfPayload(name, payload)),
    ).toEqual(Array(5).fill(undefined))
  })
})

describe('a payload that GitHub would not send', () => {
  const good = { action: 'completed', repository, workflow_job: { id: 99, run_id: 77, run_attempt: 2 } }

  it('is read without the attempt, which GitHub’s schema lets be absent', () => {
    const { attempt: _, ...hint } = { ...aboutJob, action: 'completed' }
    expect(hintOfPayload('workflow_job', { ...good, workflow_job: { id: 99, run_id: 77 } })).toEqual(hint)
  })

  it.each<[string, unknown]>([
    ['text', 'workflow_job'],
    ['null', null],
    ['a list', [good]],
    ['no repository', { ...good, repository: undefined }],
    ['an id that is text', { ...good, repository: { id: '74' } }],
    ['an id of zero', { ...good, workflow_job: { id: 0, run_id: 77 } }],
    ['a negative id', { ...good, workflow_job: { id: 99, run_id: -77 } }],
    ['a broken id', { ...good, workflow_job: { id: 99, run_id: 7.5 } }],
    ['an id beyond 2^53', { ...good, workflow_job: { id: 99, run_id: 2 ** 53 } }],
    ['an attempt of 10,000', { ...good, workflow_job: { id: 99, run_id: 77, run_attempt: 10_000 } }],
    ['an action for the bus', { ...good, action: 'completed.>' }],
    ['no action', { ...good, action: undefined }],
  ])('gives no hint: %s', (_what, payload) => {
    expect(hintOfPayload('workflow_job', payload)).toBeUndefined()
  })

  it.each(['main', 'A'.repeat(40), 'a'.repeat(39), `${'a'.repeat(40)}\n`])('gives no hint for the commit %j', head => {
    const payload = { action: 'closed', repository, pull_request: { head: { sha: head } } }
    expect(hintOfPayload('pull_request', payload)).toBeUndefined()
  })
})
