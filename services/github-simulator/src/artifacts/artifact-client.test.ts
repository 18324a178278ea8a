import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DefaultArtifactClient } from '@actions/artifact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { JobTokens } from '../access/job-tokens.ts'
import { fakeEndlessRunner } from '../testing/fake-runner.ts'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

describe('the unmodified @actions/artifact', () => {
  let simulator: SimulatorHarness
  let run: SampleRun
  let directory: string
  let client: DefaultArtifactClient

  beforeEach(async () => {
    // The client reports its progress on standard output.
    vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    directory = await mkdtemp(path.join(tmpdir(), 'artifact-client-'))
    client = new DefaultArtifactClient()
    let capture: string | undefined
    simulator = await openSimulatorHarness({
      runner: fakeEndlessRunner(job => {
        capture = job.runtimeToken
        vi.stubEnv('GITHUB_SERVER_URL', job.serverUrl)
        vi.stubEnv('ACTIONS_RESULTS_URL', job.resultsUrl)
      }),
    })
    const seed = await createSampleRun(simulator)
    const steps = [{ run: 'true' }]
    const started = await simulator.control('POST', '/workflows', {
      repository: 'octo-org/app',
      pullRequest: 1,
      workflow: { jobs: { build: { steps } } },
    })
    run = { ...seed, runId: Number(started['runId']) }
    await vi.waitFor(() => expect(capture).toBeDefined())
    vi.stubEnv('ACTIONS_RUNTIME_TOKEN', capture ?? '')
    vi.stubEnv('GITHUB_WORKSPACE', directory)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await simulator.stop()
    await rm(directory, { recursive: true })
  })

  const upload = async (name: string, content = 'hello') => {
    const file = path.join(directory, 'proof.txt')
    await writeFile(file, content)
    return client.uploadArtifact(name, [file], directory)
  }
  const listed = async (name: string) => {
    const response = await simulator.get(`/repos/octo-org/app/actions/runs/${run.runId}/artifacts?name=${name}`)
    return ((await response.json()) as { artifacts: { id: number; size_in_bytes: number; digest: string }[] }).artifacts
  }

  it('uploads, and REST lists it by its name with the digest that the client computed', async () => {
    const uploaded = await upload('forkproof-code')
    expect(await listed('forkproof-code')).toMatchObject([
      { id: uploaded.id, size_in_bytes: uploaded.size, digest: `sha256:${uploaded.digest}` },
    ])
  })

  it('uploads more than one block', async () => {
    const file = path.join(directory, 'large.bin')
    await writeFile(file, Buffer.alloc(9 * 1024 * 1024, 7))
    const uploaded = await client.uploadArtifact('large.bin', [file], directory, { skipArchive: true })
    expect(uploaded.size).toBe(9 * 1024 * 1024)
  })

  it('lists, gets, downloads and deletes what it uploaded', async () => {
    const { id } = await upload('round', 'round trip')
    expect((await client.listArtifacts()).artifacts).toMatchObject([{ id, name: 'round' }])
    expect((await client.getArtifact('round')).artifact.id).toBe(id)
    const target = path.join(directory, 'back')
    await client.downloadArtifact(id ?? 0, { path: target })
    expect(await readFile(path.join(target, 'proof.txt'), 'utf8')).toBe('round trip')
    await client.deleteArtifact('round')
    expect([(await client.listArtifacts()).artifacts, await listed('round')]).toEqual([[], []])
  })

  it('is refused a second artifact of the same name', async () => {
    await upload('twice')
    await expect(upload('twice')).rejects.toThrow('(409)')
  })

  it('is refused with a token that no runner signed', async () => {
    const forged = new JobTokens(simulator.state.store)
    const job = simulator.state.store.job(run.jobId)
    vi.stubEnv('ACTIONS_RUNTIME_TOKEN', await forged.runtimeToken(job, 'b'.repeat(36)))
    await expect(upload('forged')).rejects.toThrow('(401)')
  })

  it('is refused once the job is over', async () => {
    await simulator.control('POST', `/runs/${run.runId}/cancel`)
    await expect(upload('late')).rejects.toThrow('(401)')
  })
})
