import type { AccessRecord } from '@forkproof/contracts/access'
import type { Logger } from '@forkproof/infra/log'
import type { Secret } from '@forkproof/infra/secret'
import type { Admission, RunInspector } from '../ports.ts'

/**
 * The record of a token that is good for something now, else `undefined`. @throws AppError temporarily_unavailable
 * without the bus
 */
export type Introspect = (presented: Secret<string>, signal: AbortSignal) => Promise<AccessRecord | undefined>

/** A token is worth as much as its run: once that is over, or cannot be seen to go on, the token is inactive. */
export function createIntrospect(options: { admission: Admission; inspector: RunInspector; log: Logger }): Introspect {
  return async (presented, signal) => {
    const record = await options.admission.authenticate(presented)
    if (!record) return undefined
    try {
      const inspection = await options.inspector.inspect(record.run, signal)
      return inspection.outcome === 'running' ? record : undefined
    } catch (err) {
      options.log.warn({ err, runId: record.run.runId }, 'a run could not be inspected; its token counts as inactive')
      return undefined
    }
  }
}
