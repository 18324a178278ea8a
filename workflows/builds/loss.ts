import type { BuilderFailure, BuilderLossReason, ReleaseReason } from '@forkproof/contracts/builder'

interface EndedBuilder {
  readonly reason: BuilderFailure | ReleaseReason
  readonly lossReason?: BuilderLossReason | undefined
}

/** The reason is absent in what an older release wrote. */
interface BuilderLoss {
  readonly lossReason?: BuilderLossReason
}

/**
 * How a builder was lost, from an event or a shown state; undefined if it ended in another way. A stopping node has two
 * ways to say it: before `ready` as `builder_lost` with the loss reason `node_stopping`, after it as the release reason
 * of that name.
 */
export function lossOf({ reason, lossReason }: EndedBuilder): BuilderLoss | undefined {
  if (reason === 'node_stopping') return { lossReason: 'node_stopping' }
  if (reason !== 'builder_lost') return undefined
  return lossReason === undefined ? {} : { lossReason }
}
