import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLogger } from '@forkproof/infra/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createJobRunner, type JobRunner } from '../runner/job-runner.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

const expression = (text: string) => `\${{ ${text} }}`

describe("a fork's workflow executed by the real runner", () => {
  let simulator: SimulatorHarness
  let runner: JobRunner
  let workRoot: string
  beforeEach(async () => {
    workRoot = await mkdtemp(path.join(tmpdir(), 'simulator-runner-'))
    runner = createJobRunner({ workRoot, nodePath: process.execPath, log: silentLogger })
    simulator = await openSimulatorHarness({ runner })
    await createSampleRun(simulator)
  })
  afterEach(async () => {
    await simulator.stop()
    await runner.stop()
    await rm(workRoot, { recursive: true, force: true })
  })

  const start = async (jobs: object) => {
    const order = { repository: 'octo-org/app', pullRequest: 1, workflow: { name: 'ci', jobs } }
    return (await simulator.control('POST', '/workflows', order))['runId']
  }
  const conclusion = async (id: unknown) => (await simulator.control('GET', `/runs/${id}`))['conclusion']
  const linesOf = async (id: unknown) =>
    ((await simulator.control('GET', `/runs/${id}/log`))['lines'] as { line: string }[]).map(({ line }) => line)

  it('shows its steps, their names as evaluated and its lines, and passes outputs on', async () => {
    const id = await start({
      claim: {
        outputs: { code: expression('steps.claim.outputs.code') },
        steps: [
          { id: 'claim', run: 'echo "code=abc" >> "$GITHUB_OUTPUT"' },
          { name: `proof ${expression('steps.claim.outputs.code')}`, run: 'echo "event $GITHUB_EVENT_NAME"' },
        ],
      },
      after: { needs: 'claim', steps: [{ run: `echo "got ${expression('needs.claim.outputs.code')}"` }] },
    })
    await expect.poll(() => conclusion(id), { timeout: 20_000 }).toBe('success')
    const response = await simulator.get(`/repos/octo-org/app/actions/runs/${id}/jobs`)
    const { jobs } = (await response.json()) as { jobs: { name: string; steps: { name: string }[] }[] }
    expect(jobs.map(({ name }) => name)).toEqual(['claim', 'after'])
    expect(jobs[0]?.steps.map(({ name }) => name)).toContain('proof abc')
    expect(await linesOf(id)).toEqual(expect.arrayContaining(['event pull_request', 'got abc']))
  })

  it('reads the API with its own token, and has no way to ask for an ID token', async () => {
    const script = `
      const answer = await fetch(process.argv[1], { headers: { authorization: 'Bearer ' + process.argv[2] } })
      console.log('run is', (await answer.json()).status, process.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? 'no request url')`
    const url = `${expression('github.api_url')}/repos/${expression('github.repository')}/actions/runs/${expression('github.run_id')}`
    const command = `'${process.execPath}' --input-type=module -e "$SCRIPT" '${url}' '${expression('github.token')}'`
    const id = await start({ read: { steps: [{ run: command, env: { SCRIPT: script } }] } })
    await expect.poll(() => conclusion(id), { timeout: 20_000 }).toBe('success')
    expect(await linesOf(id)).toContain('run is in_progress no request url')
  })

  it('fails with a failing step and is cancelled while one runs', async () => {
    const failing = await start({ a: { steps: [{ run: 'exit 3' }] } })
    await expect.poll(() => conclusion(failing), { timeout: 20_000 }).toBe('failure')
    const waiting = await start({ a: { steps: [{ run: 'echo waiting; sleep 600' }] } })
    await expect.poll(() => linesOf(waiting), { timeout: 20_000 }).toContain('waiting')
    expect(await simulator.control('POST', `/runs/${waiting}/cancel`)).toMatchObject({ conclusion: 'cancelled' })
  })
})
