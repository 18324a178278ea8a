import { open, rm } from 'node:fs/promises'
import { Channel } from '@forkproof/contracts/channels'
import { Audience, ChallengeCode, Issuer, RunId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { exportClaimKey, importClaimKey, PrivateClaimKey } from '../claiming/claim-key.ts'
import type { OpenClaim } from '../claiming/open-claim.ts'
import { writePrivateFile } from '../environment/private-file.ts'

const stateBytesMax = 16_384

/** What `--begin` leaves for `--finish`: an open claim with its private key, or the choice of GitHub's own token. */
const StoredClaim = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('github'), audience: Audience }),
  z.strictObject({
    source: z.literal('forkproof'),
    issuer: Issuer,
    audience: Audience,
    runId: RunId,
    privateKey: PrivateClaimKey,
    challengeCode: ChallengeCode,
    exchangeUrl: z.url(),
    expiresAt: z.string(),
    channels: z.array(Channel),
  }),
])

type BegunClaim =
  | { readonly source: 'github'; readonly audience: Audience }
  | { readonly source: 'forkproof'; readonly claim: OpenClaim }

export async function writeClaimState(file: string, begun: BegunClaim): Promise<void> {
  const state = begun.source === 'github' ? begun : await storable(begun.claim)
  await writePrivateFile(file, JSON.stringify(StoredClaim.parse(state)))
}

/** Undefined if there is no such file or it is not one that `--begin` wrote. */
export async function readClaimState(file: string): Promise<BegunClaim | undefined> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return undefined
  try {
    if ((await handle.stat()).size > stateBytesMax) return undefined
    const state = StoredClaim.parse(JSON.parse(await handle.readFile('utf8')))
    if (state.source === 'github') return state
    const { source, privateKey, ...rest } = state
    return { source, claim: { ...rest, key: await importClaimKey(privateKey) } }
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

/** Deletes the private key after its one use. */
export const removeClaimState = (file: string): Promise<void> => rm(file, { force: true })

async function storable({ key, ...rest }: OpenClaim) {
  return { source: 'forkproof', ...rest, privateKey: await exportClaimKey(key) }
}
