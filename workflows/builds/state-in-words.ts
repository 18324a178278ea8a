import type { BuildState, PlatformState } from '@forkproof/contracts/build'

/** What ops read in the Temporal UI; ids and codes only. */
export function stateInWords(state: BuildState): string {
  const ended = [state.outcome, state.reason, state.lossReason].filter(part => part !== undefined).join(', ')
  const head = ended === '' ? state.phase : `${state.phase}: ${ended}`
  return [head, ...state.platforms.map(platformInWords)].join('\n\n')
}

function platformInWords(state: PlatformState): string {
  return `${state.platform} ${wordsOf(state)}`
}

function wordsOf(state: PlatformState): string {
  switch (state.state) {
    case 'requested':
      return 'is asked for; no node has answered'
    case 'queued':
      return state.position === 0 ? 'is being started' : `waits at position ${state.position}`
    case 'ready':
      return `is ready: ${state.builderId} at ${state.nodeId} after ${Math.round(state.timings.leaseMs)} ms (${state.timings.warm ? 'warm' : 'cold'})`
    case 'failed':
      return `failed: ${lossInWords(state)}`
    case 'destroyed':
      return `is gone (${lossInWords(state)}): ${state.receipt.builderId} at ${state.receipt.nodeId}, ${state.receipt.leftovers.length} leftovers`
  }
}

const lossInWords = ({ reason, lossReason }: { reason: string; lossReason?: string | undefined }): string =>
  [reason, lossReason].filter(part => part !== undefined).join(', ')
