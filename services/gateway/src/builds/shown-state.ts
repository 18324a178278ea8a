import type { BuildState, PlatformState } from '@forkproof/contracts/build'
import { Platform } from '@forkproof/contracts/builder'
import type { BuildToken } from '@forkproof/contracts/ids'
import { openWithBuildToken } from '@forkproof/infra/seal'
import type { Secret } from '@forkproof/infra/secret'
import { z } from 'zod'
import { buildMembers, plainStates, readyMembers } from './answered-state.ts'

const pem = z.string()
const ReadyShown = z.object({
  platform: Platform,
  state: z.literal('ready'),
  ...readyMembers,
  endpoint: z.string(),
  serverName: z.string().meta({ description: 'SNI, and the name in the server’s certificate' }),
  caCertificate: pem,
  clientCertificate: pem,
  clientKey: pem.optional().meta({ description: 'PKCS #8; absent when the client brought a certificate request' }),
})

/** A build as its client sees it. Whoever reads this holds the build token, so it has the client's key in it. */
export const ShownBuild = z.object({
  ...buildMembers,
  expiresAt: z.iso.datetime(),
  platforms: z.array(z.discriminatedUnion('state', [ReadyShown, ...plainStates])),
})
export type ShownBuild = z.infer<typeof ShownBuild>

export async function showBuild(state: BuildState, token: Secret<BuildToken>): Promise<ShownBuild> {
  const { expiresAtMs, platforms, ...rest } = state
  return {
    ...rest,
    expiresAt: new Date(expiresAtMs).toISOString(),
    platforms: await Promise.all(platforms.map(one => showPlatform(one, token))),
  }
}

async function showPlatform(state: PlatformState, token: Secret<BuildToken>): Promise<ShownBuild['platforms'][number]> {
  if (state.state === 'destroyed') {
    const { receipt } = state
    return { ...state, receipt: { ...receipt, during: { ...receipt.during }, leftovers: [...receipt.leftovers] } }
  }
  if (state.state !== 'ready') return state
  const { connection, ...ready } = state
  const { sealedClientKey, ...reach } = connection
  if (sealedClientKey === undefined) return { ...ready, ...reach }
  return { ...ready, ...reach, clientKey: (await openWithBuildToken(sealedClientKey, token)).reveal() }
}
