import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import { createJobRunner } from '@forkproof/github-simulator/runner/job-runner'
import { openSimulatorHarness, type SimulatorHarness } from '@forkproof/github-simulator/testing/simulator-harness'
import { silentLogger } from '@forkproof/infra/log'
import { claimantFolder } from '@forkproof/local/compose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { waitUntil } from '../testing/wait-until.ts'

const workflowFile = fileURLToPath(new URL('../../../../docs/forkproof-doctor.yml', import.meta.url))
const token = 'ghs_of_the_job'
const artifact = import.meta.resolve('@actions/artifact')
/** GitHub's own action needs more than the simulator has; this one uploads by the same client. */
const uploadAction = {
  'action.yml': 'inputs: {name: {}, path: {}, retention-days: {}}\nruns: {using: node24, main: main.mjs}\n',
  'main.mjs': `import path from 'node:path'
const { DefaultArtifactClient } = await import(${JSON.stringify(artifact)})
const file = process.env.INPUT_PATH
await new DefaultArtifactClient().uploadArtifact(process.env.INPUT_NAME, [file], path.dirname(file), { retentionDays: 1 })
`,
}
const jobMsMax = 150_000

const Started = z.object({ runId: z.number() })
const Log = z.object({ lines: z.array(z.object({ line: z.string() })) })
const Run = z.object({
  status: z.string(),
  jobs: z.array(z.object({ id: z.number(), conclusion: z.string().nullish() })),
})
const Workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.object({
    doctor: z.object({
      steps: z.array(z.looseObject({ run: z.string().optional(), env: z.record(z.string(), z.string()).optional() })),
    }),
  }),
})

let folder: string
let simulator: SimulatorHarness

beforeAll(async () => {
  await bundleClaimant()
  folder = await mkdtemp(path.join(tmpdir(), 'forkproof-doctor-'))
  for (const [name, text] of Object.entries(uploadAction)) await writeFile(path.join(folder, name), text)
}, jobMsMax)
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  // The simulator stops its runner with itself.
  const runner = createJobRunner({
    workRoot: path.join(folder, 'work'),
    nodePath: process.execPath,
    actionsRoot: {
      'your-org/forkproof-claim/setup@v1': path.join(claimantFolder, 'setup'),
      'actions/upload-artifact@v4': folder,
    },
    log: silentLogger,
  })
  simulator = await openSimulatorHarness({ runner })
  await simulator.control('POST', '/credentials', { name: 'job', token })
  await simulator.control('POST', '/repositories', { owner: 'acme', name: 'widgets' })
  await simulator.control('POST', '/repositories/acme/widgets/forks', { owner: 'contributor' })
  await simulator.control('POST', '/repositories/acme/widgets/pulls', {
    headRepository: 'contributor/widgets',
    number: 6,
  })
})
afterEach(() => simulator.stop())

/** The workflow that users copy, with one of its two legs and the simulator's token. */
async function readyWorkflow(change: (text: string) => string = text => text) {
  const { permissions, jobs } = Workflow.parse(parse(change(await readFile(workflowFile, 'utf8'))))
  const steps = jobs.doctor.steps.map(step => ({
    ...step,
    ...(step.env && { env: { ...step.env, ...('GITHUB_TOKEN' in step.env && { GITHUB_TOKEN: token }) } }),
  }))
  return { name: 'forkproof doctor', permissions, jobs: { doctor: { 'runs-on': 'ubuntu-latest', steps } } }
}

async function untilOver(runId: number): Promise<string> {
  const over = async () => Run.parse(await simulator.control('GET', `/runs/${runId}`)).status === 'completed'
  await waitUntil('the doctor is done', over, { msMax: jobMsMax })
  const { lines } = Log.parse(await simulator.control('GET', `/runs/${runId}/log`))
  return lines.map(({ line }) => line).join('\n')
}

async function examine(body: object = { pullRequest: 6 }, change?: (text: string) => string) {
  const workflow = await readyWorkflow(change)
  const { runId } = Started.parse(
    await simulator.control('POST', '/workflows', { repository: 'acme/widgets', workflow, ...body }),
  )
  return { runId, log: await untilOver(runId) }
}

/** The numbers of the report's lines that begin so. */
const linesThat = (log: string, mark: string) =>
  [...log.matchAll(new RegExp(`^${mark} +(\\d)\\. `, 'gm'))].map(([, line]) => Number(line))

describe('forkproof doctor in the workflow that users copy', () => {
  it('finds the simulated GitHub as the service expects it, in a fork’s run and again in its second attempt', async () => {
    const { runId, log } = await examine()
    expect(linesThat(log, 'FAILED'), log).toEqual([])
    expect(linesThat(log, 'ok')).toEqual([1, 2, 3, 5, 7, 8])
    expect(linesThat(log, 'not tried')).toEqual([4, 6])
    // The runner itself prints the step's variables before.
    expect(log.slice(log.indexOf('forkproof doctor 0.'))).not.toContain(token)
    // GitHub's times are whole seconds, so the attempts must not begin and end within one.
    const secondOf = (ms: number) => Math.floor(ms / 1_000)
    const shownAtMs = Date.now()
    await waitUntil('the next second', () => secondOf(Date.now()) > secondOf(shownAtMs), { msMax: 5_000 })
    await simulator.control('POST', `/runs/${runId}/attempts`, {})
    const again = await untilOver(runId)
    expect(linesThat(again, 'FAILED'), again).toEqual([])
    expect(linesThat(again, 'ok')).toContain(4)
  })

  it('tries GitHub’s own token where it is started by hand', async () => {
    const { log } = await examine({ event: 'workflow_dispatch' })
    expect(linesThat(log, 'FAILED'), log).toEqual([])
    expect(linesThat(log, 'ok')).toContain(6)
    expect(linesThat(log, 'not tried')).toEqual([1, 4])
  })

  it.each([
    [1, 'artifacts that are listed late', { artifactListingLagMs: 60_000 }, undefined],
    [2, 'steps that are shown late', { stepNameLagMs: 60_000 }, undefined],
    [8, 'a clock that is ahead', { clockSkewSeconds: 90 }, undefined],
    [3, 'an id that is not the job’s', {}, (text: string) => text.replace(/JOB_ID: .*/, 'JOB_ID: "1"')],
  ])('fails on line %i, and passes no other by it, with %s', async (line, _, dials, change) => {
    await simulator.control('PUT', '/dials', dials)
    const { log } = await examine(undefined, change)
    const failed = linesThat(log, 'FAILED')
    expect(failed, log).toEqual([line])
  })
})
