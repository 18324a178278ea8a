import { Channel } from '@forkproof/contracts/channels'
import type { Issuer } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { boundedRequest } from './bounded-request.ts'
import { claimantLimits } from './limits.ts'

/** Only our member of the issuer's metadata (OpenID Connect Discovery 1.0 section 3). */
const Metadata = z.object({ forkproof_channels: z.array(z.string()) })

/**
 * The channels that the issuer says it reads, in its order. A later release's channels are left out.
 * Undefined where it does not say: an older release, or no document. Then the claim's own answer tells.
 */
export async function issuerChannels(issuer: Issuer, signal: AbortSignal): Promise<readonly Channel[] | undefined> {
  const known: readonly string[] = Channel.options
  try {
    const answer = await boundedRequest({
      method: 'GET',
      url: `${issuer}/.well-known/openid-configuration`,
      timeoutMs: claimantLimits.discoveryTimeoutMs,
      signal,
    })
    if (answer.status !== 200) return undefined
    const { forkproof_channels: channels } = Metadata.parse(JSON.parse(answer.text))
    return channels.filter((name): name is Channel => known.includes(name))
  } catch {
    return undefined
  }
}
