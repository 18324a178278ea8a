/** Bounds of the simulated runner. Where GitHub publishes or hard-codes a number, it is used. */

/** The live feed cuts longer lines (docs/facts/github.md#runner). */
export const feedLineCharsMax = 1_024
/** A process may print longer lines than the feed shows; a command such as add-mask must still be read whole. */
export const rawLineCharsMax = 65_536
/** A flood in one job must not fill the memory of the simulator. Lines beyond are read and obeyed, and not kept. */
export const jobLogLinesMax = 100_000
export const jobLogCharsMax = 16_777_216

export const expressionResultCharsMax = 1_048_576
export const fileCommandBytesMax = 1_048_576
export const stepSummaryBytesMax = 1_048_576
export const actionManifestBytesMax = 262_144
export const compositeDepthMax = 10
export const maskValuesMax = 4_096
export const stepNameCharsMax = 1_000
export const stepOutputsMax = 1_000

/** How long GitHub's runner waits after SIGINT, and then after SIGTERM (docs/facts/github.md#runner). */
export const interruptGraceMs = 7_500
export const terminateGraceMs = 2_500
/** How long a step that has ended waits for a background child that holds its pipes open. */
export const outputDrainMs = 1_000
/** How long `always()` steps of a cancelled job may take before everything is ended. */
export const cancelledJobMs = 300_000
export const jobTimeoutMinutesDefault = 360
