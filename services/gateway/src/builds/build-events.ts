import { answerWith } from './build-answer.ts'
import type { BuildFollower } from './build-follower.ts'
import type { PresentedBuild } from './build-token.ts'

export const eventStreamType = 'text/event-stream'
/** Proxies commonly cut what is silent for 30 or 60 s, and so does this server. */
const pingMsDefault = 15_000

/**
 * States of a build as server-sent events (HTML, section 9.2): first the present one, then each newer one, until
 * it has ended.
 */
export async function* buildEvents(
  follower: Pick<BuildFollower, 'current' | 'next'>,
  { buildId, token }: PresentedBuild,
  { since, signal, pingMs = pingMsDefault }: { since: number; signal: AbortSignal; pingMs?: number },
): AsyncGenerator<string> {
  for (let known = since; !signal.aborted; ) {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(pingMs)])
    const state = known === 0 ? await follower.current(buildId) : await follower.next(buildId, known, bound)
    if (state && state.version !== known) {
      yield `id: ${state.version}\nevent: state\ndata: ${JSON.stringify(await answerWith(state, token))}\n\n`
      known = state.version
    } else if (!signal.aborted) yield ': ping\n\n'
    if (state?.phase === 'ended') return
  }
}

/** 0 when there is none or when it is not a version: then every state is new. */
export function lastSeenVersion(header: string | string[] | undefined): number {
  const text = String(header ?? '')
  return /^[1-9][0-9]{0,15}$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : 0
}
