import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'

/**
 * What may appear in a log line. An allow-list: a field that nobody thought about is dropped, not printed
 * (docs/architecture.md#logs). None of these can hold a
 * token, a ticket, a key or a cookie.
 */
const fields = new Set([
  'address',
  'attempt',
  'bucket',
  'builderId',
  'buildId',
  'channel',
  'channels',
  'claimId',
  'code',
  'correlationId',
  'count',
  'counted',
  'credential',
  'delayMs',
  'driver',
  'durationMs',
  'egress',
  'elapsedMs',
  'err',
  'event',
  'files',
  'jobId',
  'keyId',
  'kind',
  'leaseId',
  'left',
  'method',
  'missing',
  'name',
  'nodeId',
  'origin',
  'path',
  'pid',
  'platform',
  'port',
  'position',
  'problem',
  'projectId',
  'pullRequest',
  'reason',
  'relationshipId',
  'remaining',
  'repository',
  'retryAfterSeconds',
  'route',
  'runId',
  'sequence',
  'service',
  'setting',
  'signal',
  'state',
  'status',
  'step',
  'stream',
  'subject',
  'taskQueue',
  'tokenId',
  'tokenSha256',
  'url',
  'version',
  'warm',
  'workflowId',
])

export type LogFields = Record<string, unknown>
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Logger
}

/**
 * JSON lines on standard output. Errors are reduced to name, code and message: stacks and causes may quote what they
 * were given.
 */
export function createLogger(options: { service: string; level?: string; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service },
    serializers: { err: describe },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: keepAllowed },
  }
  return wrap(options.destination ? pino(settings, options.destination) : pino(settings))
}

function wrap(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: fields => wrap(logger.child(keepAllowed(fields))),
  }
}

function keepAllowed(given: LogFields): LogFields {
  return Object.fromEntries(Object.entries(given).filter(([name]) => fields.has(name)))
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error ? String(error.code) : undefined
  const cause = error.cause instanceof Error ? describe(error.cause) : undefined
  return { name: error.name, message: error.message.slice(0, 500), ...(code && { code }), ...(cause ? { cause } : {}) }
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger }
