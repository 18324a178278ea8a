import { Lifecycle } from '@forkproof/infra/lifecycle'
import { silentLogger } from '@forkproof/infra/log'
import { type ComposedSimulator, compose, type SimulatorOverrides } from '../compose.ts'
import { readConfig } from '../config.ts'
import { OidcIssuer } from '../oidc/oidc-issuer.ts'
import { fakeIdleRunner } from './fake-runner.ts'

const testToken = 'token-of-tests'
export const testSession = 'session-of-tests'

/** A simulator on a free port, with a fake runner unless a test hands in another. */
export interface SimulatorHarness extends ComposedSimulator {
  base: string
  /** GET on the REST API, signed in unless `authorization` says otherwise. */
  get: (path: string, headers?: Record<string, string>) => Promise<Response>
  /** A call of the control API; its JSON answer, or an error that quotes it. */
  control: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>
  /** The same without judging the answer. */
  rawControl: (method: string, path: string, body?: unknown) => Promise<Response>
  stop: () => Promise<void>
}

// Making an RSA key takes longer than everything else that a test does.
let sharedIssuer: Promise<OidcIssuer> | undefined

export async function openSimulatorHarness(overrides: SimulatorOverrides = {}): Promise<SimulatorHarness> {
  const lifecycle = new Lifecycle()
  const config = readConfig({
    FORKPROOF_SIMULATOR_PORT: '0',
    FORKPROOF_SIMULATOR_TOKENS: `tests=${testToken}`,
    FORKPROOF_SIMULATOR_SESSION: testSession,
  })
  sharedIssuer ??= OidcIssuer.create()
  const deps = { runner: fakeIdleRunner, log: silentLogger, issuer: await sharedIssuer, ...overrides }
  const composed = await compose(config, lifecycle, deps)
  const { base } = composed.state.origin
  const rawControl = (method: string, path: string, body?: unknown) =>
    fetch(`${base}/_sim${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  return {
    ...composed,
    base,
    rawControl,
    get: (path, headers = {}) =>
      fetch(`${base}${path}`, { redirect: 'manual', headers: { authorization: `Bearer ${testToken}`, ...headers } }),
    control: async (method, path, body) => {
      const response = await rawControl(method, path, body)
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    },
    stop: () => lifecycle.shutdown(),
  }
}

export interface SampleRun {
  runId: number
  jobId: number
  hiddenId: string
}

/** `octo-org/app`, its fork `alice/app`, pull request 1 from there, and its run in progress: one job of two steps. */
export async function createSampleRun(simulator: SimulatorHarness): Promise<SampleRun> {
  await simulator.control('POST', '/repositories', { owner: 'octo-org', name: 'app' })
  await simulator.control('POST', '/repositories/octo-org/app/forks', { owner: 'alice' })
  await simulator.control('POST', '/repositories/octo-org/app/pulls', {
    headRepository: 'alice/app',
    headBranch: 'fix',
  })
  const steps = [{ name: 'Set up job', status: 'completed' }, { name: 'Run the proof' }]
  const run = await simulator.control('POST', '/repositories/octo-org/app/runs', {
    pullRequest: 1,
    jobs: [{ name: 'build', steps }],
  })
  const job = (run['jobs'] as { id: number; hiddenId: string }[])[0]
  if (job === undefined) throw new Error('the run has no job')
  return { runId: Number(run['id']), jobId: job.id, hiddenId: job.hiddenId }
}
