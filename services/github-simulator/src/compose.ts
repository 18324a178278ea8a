import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { AccessPolicies } from './access/access-policies.ts'
import { CredentialStore } from './access/credential-store.ts'
import { JobTokens } from './access/job-tokens.ts'
import { RateLimits } from './access/rate-limits.ts'
import { RequestCounters } from './access/request-counters.ts'
import { SecondaryLimits } from './access/secondary-limits.ts'
import { ServerOrigin } from './access/server-origin.ts'
import { GithubApps } from './apps/github-apps.ts'
import { BehaviourSettings } from './behaviour/behaviour-settings.ts'
import { BlobStore } from './blobs/blob-store.ts'
import { SignedUrls } from './blobs/signed-urls.ts'
import type { SimulatorConfig } from './config.ts'
import { OidcIssuer } from './oidc/oidc-issuer.ts'
import { createJobRunner } from './runner/job-runner.ts'
import type { RunnerPort } from './runner/runner-port.ts'
import { JobScheduler } from './scheduling/job-scheduler.ts'
import { RunActivities } from './scheduling/run-activity.ts'
import { WorkflowRuns } from './scheduling/workflow-runs.ts'
import { createSimulatorServer } from './simulator-server.ts'
import type { SimulatorState } from './simulator-state.ts'
import { GithubStore } from './store/github-store.ts'
import { SkewedClock } from './store/skewed-clock.ts'
import { WebhookSender } from './webhooks/webhook-sender.ts'

/** Collaborators that tests hand in instead of the real ones. */
export interface SimulatorOverrides {
  clock?: Clock
  runner?: RunnerPort
  issuer?: OidcIssuer
  log?: Logger
}

type StoppableRunner = RunnerPort & { stop?: () => Promise<void> }

export interface ComposedSimulator {
  log: Logger
  state: SimulatorState
  workflows: WorkflowRuns
}

/** Builds and starts the simulator; it listens on 127.0.0.1 only, since its control API asks for no credential. */
export async function compose(
  config: SimulatorConfig,
  lifecycle: Lifecycle,
  overrides: SimulatorOverrides = {},
): Promise<ComposedSimulator> {
  const log = overrides.log ?? createLogger({ service: 'github-simulator', level: config.logLevel })
  const state = createSimulatorState(overrides.clock ?? systemClock)
  for (const [name, token] of config.tokens.reveal()) state.credentials.add({ name, token })
  const tokens = new JobTokens(state.store)
  const runner: StoppableRunner = overrides.runner ?? (await composeRunner(config, lifecycle, log))
  const scheduler = new JobScheduler(state.behaviour, config.jobsMax)
  const workflows = new WorkflowRuns({ state, tokens, runner, scheduler, log })
  const issuer = overrides.issuer ?? (await OidcIssuer.create())
  const activities = new RunActivities(state.store)
  const links = () => ({ api: state.origin.base, html: state.origin.serverUrl })
  const webhooks = new WebhookSender({ store: state.store, behaviour: state.behaviour, apps: state.apps, links })
  lifecycle.add('webhooks', () => webhooks.stop())
  lifecycle.add('activities', () => activities.stop())
  const deps = { state, tokens, issuer, workflows, activities, webhooks, session: config.session }
  const server = await createSimulatorServer(deps)
  // Cancelled first, so that nothing new starts; then the runner ends what `always()` steps would still do.
  lifecycle.add('workflows', async () => {
    const cancelled = workflows.stop()
    await runner.stop?.()
    await cancelled
  })
  lifecycle.add('server', () => server.close())
  await server.listen({ host: '127.0.0.1', port: config.port })
  const address = server.server.address()
  state.origin.listensOn(typeof address === 'object' && address !== null ? address.port : config.port)
  log.info({ port: state.origin.port, url: state.origin.base }, 'listening')
  return { log, state, workflows }
}

function createSimulatorState(clock: Clock): SimulatorState {
  const origin = new ServerOrigin()
  const behaviour = new BehaviourSettings()
  const skewMs = () => behaviour.read().clockSkewSeconds * 1_000
  const store = new GithubStore(new SkewedClock(clock, skewMs))
  const credentials = new CredentialStore()
  return {
    store,
    behaviour,
    credentials,
    apps: new GithubApps(store, credentials),
    policies: new AccessPolicies(),
    limits: new RateLimits(),
    secondaryLimits: new SecondaryLimits(),
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
  return createJobRunner({
    workRoot,
    nodePath: process.execPath,
    actionsRoot: Object.fromEntries(config.actions),
    ...(config.stepPath === undefined ? {} : { basePath: config.stepPath }),
    log,
  })
}
