/** Why a builder was lost: what `builder_lost` means in one case. */
export const builderLossReasons = [
  'ended_by_itself',
  'out_of_memory',
  'node_stopping',
  'unknown_to_node',
  'teardown_unconfirmed',
  'node_restarted',
] as const
export type BuilderLossReason = (typeof builderLossReasons)[number]
