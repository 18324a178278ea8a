import type { BuildAnswer, BuildState, PlatformAnswer, PlatformState } from '@forkproof/contracts/build'
import { type BuilderLossReason, builderLossTexts } from '@forkproof/contracts/builder'
import type { BuildToken } from '@forkproof/contracts/ids'
import { openWithBuildToken } from '@forkproof/infra/seal'
import type { Secret } from '@forkproof/infra/secret'

/** A build as its client sees it: with the client's key in the clear, because the reader holds the build token. */
export async function answerWith(
  { expiresAtMs, ...state }: BuildState,
  token: Secret<BuildToken>,
): Promise<BuildAnswer> {
  return {
    ...state,
    expiresAt: new Date(expiresAtMs).toISOString(),
    platforms: await Promise.all(state.platforms.map(one => platformAnswer(one, token))),
  }
}

async function platformAnswer(state: PlatformState, token: Secret<BuildToken>): Promise<PlatformAnswer> {
  if (state.state !== 'ready') return state
  const { connection, ...ready } = state
  const { sealedClientKey, ...reach } = connection
  if (sealedClientKey === undefined) return { ...ready, ...reach }
  return { ...ready, ...reach, clientKey: (await openWithBuildToken(sealedClientKey, token)).reveal() }
}

/** Why a builder was lost, for clients that show a text only. */
export function lossDetail(lost: { lossReason?: BuilderLossReason | undefined; detail?: string }): string | undefined {
  const texts = [lost.lossReason && builderLossTexts[lost.lossReason], lost.detail]
  return texts.filter(Boolean).join('; ') || undefined
}
