import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { GroupProcess } from '../processes/group-process.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { isServing } from './grpc-health.ts'

const host = '127.0.0.1'
/** The first start creates the database's schema with a sync per step. */
const readyMsMax = 60_000
const frontend = 'temporal.api.workflowservice.v1.WorkflowService'

/**
 * The dev server has one history shard. Its default of 20 polls a second makes a claim three times slower
 * (docs/facts/engines.md#dev-server).
 */
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 5000,
  'history.timerProcessorMaxPollRPS': 1000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
} as const

/**
 * What operators search claims and builds by. They reach the database when it is created: a later change needs a new
 * database or Temporal's command.
 */
const searchAttributes = {
  ForkproofRepo: 'Keyword',
  ForkproofRunId: 'Keyword',
  ForkproofPr: 'Keyword',
  ForkproofProject: 'Keyword',
  ForkproofRelationship: 'Keyword',
  ForkproofState: 'Keyword',
  ForkproofReason: 'Keyword',
} as const

interface TemporalServerOptions {
  /** The temporal program. */
  readonly program: string
  readonly port: number
  /** Port of the web UI; left out: no UI. */
  readonly uiPort?: number
  /** The system's state folder; the database is `temporal/` there. */
  readonly stateFolder: string
}

interface RunningTemporal {
  /** host:port of the gRPC frontend. */
  readonly address: string
  /** Of the web UI, when there is one. */
  readonly uiUrl: string | undefined
  readonly child: GroupProcess
}

/**
 * Starts Temporal's dev server on a durable database.
 * Resolves when its frontend is SERVING; the namespace `default` exists then.
 */
export async function startTemporal(
  supervisor: Supervisor,
  options: TemporalServerOptions,
  signal?: AbortSignal,
): Promise<RunningTemporal> {
  const folder = join(options.stateFolder, 'temporal')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const child = await supervisor.start(
    {
      name: 'temporal',
      command: options.program,
      args: temporalArgs(options, join(folder, 'temporal.db')),
      // HOME keeps its own settings file out of the user's; no other variable may change what is started.
      environment: { HOME: folder, TEMPORAL_ENV_FILE: join(folder, 'none.yaml') },
      readyMsMax,
      ready: {
        kind: 'probe',
        what: `temporal ${host}:${options.port}`,
        probe: probeSignal => isServing(host, options.port, frontend, probeSignal),
      },
    },
    signal,
  )
  return {
    address: `${host}:${options.port}`,
    uiUrl: options.uiPort === undefined ? undefined : `http://${host}:${options.uiPort}`,
    child,
  }
}

/**
 * The command line, apart for its test.
 * WAL with full sync is as durable as the default journal and twice as fast (docs/facts/engines.md#dev-server).
 */
export function temporalArgs(
  options: Omit<TemporalServerOptions, 'program' | 'stateFolder'>,
  databaseFile: string,
): string[] {
  const ui = options.uiPort === undefined ? ['--headless'] : ['--ui-ip', host, '--ui-port', String(options.uiPort)]
  return [
    ...['server', 'start-dev', '--ip', host, '--port', String(options.port), ...ui],
    ...['--db-filename', databaseFile, '--log-level', 'warn', '--log-format', 'json'],
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ]
}
