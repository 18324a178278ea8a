/** The runner within the simulator: what a job does is seen through the API and the artifact service while it runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { silentLogger } from '@forkproof/infra/log'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'
import { createJobRunner, type JobRunner } from './job-runner.ts'

const braces = (expression: string) => `\${{ ${expression} }}`
const artifact = import.meta.resolve('@actions/artifact')
const uploading = `import { DefaultArtifactClient } from '${artifact}'
import { writeFileSync } from 'node:fs'
writeFileSync('proof.txt', 'inert')
const { id } = await new DefaultArtifactClient().uploadArtifact(process.env.INPUT_NAME, ['proof.txt'], '.')
console.log('uploaded ' + (id > 0))`

const startedSchema = z.object({ runId: z.number(), jobs: z.array(z.object({ id: z.number() })) })
const jobSchema = z.object({
  status: z.string(),
  conclusion: z.string().nullable(),
  steps: z.array(z.object({ name: z.string(), status: z.string() })),
})

let root: string
let runner: JobRunner
let simulator: SimulatorHarness
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'forkproof-whole-'))
  await writeFile(path.join(root, 'action.yml'), 'inputs: {name: {}}\nruns: {using: node24, main: main.mjs}\n')
  await writeFile(path.join(root, 'main.mjs'), uploading)
  const actionsRoot = { 'test/upload@v1': root }
  runner = createJobRunner({
    workRoot: path.join(root, 'work'),
    nodePath: process.execPath,
    actionsRoot,
    log: silentLogger,
  })
  simulator = await openSimulatorHarness({ runner })
  await simulator.control('POST', '/repositories', { owner: 'acme', name: 'widgets' })
  await simulator.control('POST', '/repositories/acme/widgets/forks', { owner: 'contributor' })
  await simulator.control('POST', '/repositories/acme/widgets/pulls', {
    headRepository: 'contributor/widgets',
    number: 6,
  })
})
afterAll(async () => {
  await runner.stop()
  await simulator.stop()
  await rm(root, { recursive: true, force: true })
})

async function start(steps: unknown[]): Promise<{ runId: number; jobId: number }> {
  const workflow = { name: 'CI', jobs: { build: { steps } } }
  const answer = await simulator.control('POST', '/workflows', { repository: 'acme/widgets', pullRequest: 6, workflow })
  const { runId, jobs } = startedSchema.parse(answer)
  return { runId, jobId: jobs[0]?.id ?? 0 }
}

async function readJob(jobId: number): Promise<z.infer<typeof jobSchema>> {
  return jobSchema.parse(await (await simulator.get(`/repos/acme/widgets/actions/jobs/${jobId}`)).json())
}

async function jobWhen(jobId: number, holds: (job: z.infer<typeof jobSchema>) => boolean) {
  return vi.waitUntil(
    async () => {
      const job = await readJob(jobId)
      return holds(job) && job
    },
    { timeout: 20_000, interval: 50 },
  )
}

describe('a job of a fork in the simulator', () => {
  it('shows a step name made of an output while the step still runs', async () => {
    const gate = path.join(root, 'gate')
    const { jobId } = await start([
      { id: 'claim', run: 'echo code=fp-77 >> $GITHUB_OUTPUT' },
      { name: `proof ${braces('steps.claim.outputs.code')}`, run: `until [ -e ${gate} ]; do sleep 0.05; done` },
    ])
    const running = await jobWhen(jobId, job => job.steps.some(step => step.name === 'proof fp-77'))
    expect(running.status).toBe('in_progress')
    expect(running.steps.find(step => step.name === 'proof fp-77')?.status).toBe('in_progress')
    await writeFile(gate, '')
    expect((await jobWhen(jobId, job => job.status === 'completed')).conclusion).toBe('success')
  })

  it('uploads an artifact with the unmodified client, which the API lists', async () => {
    const { runId, jobId } = await start([{ uses: 'test/upload@v1', with: { name: 'fp-artifact-1' } }])
    expect((await jobWhen(jobId, job => job.status === 'completed')).conclusion).toBe('success')
    const list = await simulator.get(`/repos/acme/widgets/actions/runs/${runId}/artifacts?name=fp-artifact-1`)
    expect(await list.json()).toMatchObject({ total_count: 1, artifacts: [{ name: 'fp-artifact-1' }] })
  })

  it('knows its own id, is given no secret and no way to a token of GitHub', async () => {
    const { runId, jobId } = await start([
      {
        run: `echo "job ${braces('job.check_run_id')} oidc <$ACTIONS_ID_TOKEN_REQUEST_URL> s <${braces('secrets.KEY')}>"`,
      },
    ])
    await jobWhen(jobId, job => job.status === 'completed')
    const log = await (await simulator.rawControl('GET', `/runs/${runId}/log`)).text()
    expect(log).toContain(`job ${jobId} oidc <> s <>`)
  })

  it('is ended when its run is cancelled', async () => {
    const { runId, jobId } = await start([{ name: 'long', run: 'sleep 60' }])
    await jobWhen(jobId, job => job.steps.some(step => step.name === 'long'))
    await simulator.control('POST', `/runs/${runId}/cancel`)
    expect((await jobWhen(jobId, job => job.status === 'completed')).conclusion).toBe('cancelled')
  })
})
