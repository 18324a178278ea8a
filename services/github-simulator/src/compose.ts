import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { Credentials } from './access/credentials.ts'
import { JobTokens } from './access/job-tokens.ts'
import { Origin } from './access/origin.ts'
import { RateLimits } from './access/rate-limit.ts'
import { RequestCounters } from './access/request-counters.ts'
import { BlobStore } from './blobs/blob-store.ts'
import { SignedUrls } from './blobs/signed-urls.ts'
import type { SimulatorConfig } from './config.ts'
import { DialBoard } from './dials/dials.ts'
import { OidcIssuer } from './oidc/issuer.ts'
import type { RunnerPort } from './runner/ports.ts'
import { createRunner } from './runner/runner.ts'
import { Slots } from './scheduling/slots.ts'
import { WorkflowRuns } from './scheduling/workflow-runs.ts'
import { createServer } from './server.ts'
import type { Simulation } from './simulation.ts'
import { Store } from './state/store.ts'

/** What tests put in the place of the real parts. */
export interface Overrides {
  clock?: Clock
  runner?: RunnerPort
  issuer?: OidcIssuer
  log?: Logger
}

type StoppableRunner = RunnerPort & { stop?: () => Promise<void> }

export interface ComposedSimulator {
  log: Logger
  simulation: Simulation
  workflows: WorkflowRuns
}

/** Builds and starts the simulator; it listens on 127.0.0.1 only, since its control API asks for no credential. */
export async function compose(
  config: SimulatorConfig,
  lifecycle: Lifecycle,
  overrides: Overrides = {},
): Promise<ComposedSimulator> {
  const log = overrides.log ?? createLogger({ service: 'github-simulator', level: config.logLevel })
  const simulation = createSimulation(overrides.clock ?? systemClock)
  for (const [name, token] of config.tokens.reveal()) simulation.credentials.add({ name, token })
  const tokens = new JobTokens(simulation.store)
  const runner: StoppableRunner = overrides.runner ?? (await composeRunner(config, lifecycle, log))
  const workflows = new WorkflowRuns({ simulation, tokens, runner, slots: new Slots(config.jobsMax), log })
  const issuer = overrides.issuer ?? (await OidcIssuer.create())
  const server = await createServer({ simulation, tokens, issuer, workflows, session: config.session })
  // Cancelled first, so that nothing new starts; then the runner ends what `always()` steps would still do.
  lifecycle.add('workflows', async () => {
    const cancelled = workflows.stop()
    await runner.stop?.()
    await cancelled
  })
  lifecycle.add('server', () => server.close())
  await server.listen({ host: '127.0.0.1', port: config.port })
  const address = server.server.address()
  simulation.origin.listensOn(typeof address === 'object' && address !== null ? address.port : config.port)
  log.info({ port: simulation.origin.port, url: simulation.origin.base }, 'listening')
  return { log, simulation, workflows }
}

function createSimulation(clock: Clock): Simulation {
  const origin = new Origin()
  return {
    store: new Store(clock),
    dials: new DialBoard(),
    credentials: new Credentials(),
    limits: new RateLimits(),
    counters: new RequestCounters(),
    origin,
    blobs: new BlobStore(),
    signedUrls: new SignedUrls(origin),
  }
}

async function composeRunner(config: SimulatorConfig, lifecycle: Lifecycle, log: Logger): Promise<StoppableRunner> {
  const workRoot = config.workDirectory ?? (await mkdtemp(path.join(tmpdir(), 'forkproof-simulator-')))
  if (config.workDirectory === undefined) {
    lifecycle.add('work directory', () => rm(workRoot, { recursive: true, force: true }))
  }
  return createRunner({
    workRoot,
    nodePath: process.execPath,
    actionsRoot: Object.fromEntries(config.actions),
    ...(config.stepPath === undefined ? {} : { basePath: config.stepPath }),
    log,
  })
}
