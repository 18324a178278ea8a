import { fileURLToPath } from 'node:url'
import { challengeCode } from '@forkproof/contracts/challenge'
import { SealKey } from '@forkproof/contracts/claim'
import type { ClaimSpec, ClaimVerdict, MintRequest } from '@forkproof/contracts/claim-spec'
import { Audience, ChallengeNonce, Issuer, RepositoryName, RunId } from '@forkproof/contracts/ids'
import { silentLogger } from '@forkproof/infra/log'
import { claimIdOf } from '@forkproof/infra/seal'
import { installTemporalRuntime } from '@forkproof/infra/temporal'
import {
  claimTaskQueue,
  claimWorkflow,
  claimWorkflowId,
  type ProofSeen,
  proofSeenSignal,
} from '@forkproof/workflows/claims/api'
import type { MintOutcome } from '@forkproof/workflows/claims/ports'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterFile } from './after-file.ts'
import { makeSealKey } from './claim-requests.ts'
import type { SystemHarness } from './system-harness.ts'

/** An attacker with the gateway's rights at Temporal and more: may start, signal and read anything there. */
export interface IntruderHarness {
  /** A claim's spec as the gateway would make it, for a key of the intruder's own. */
  readonly specFor: (
    of: { repository: string; run: { id: number } },
    change?: { readonly lifetimeMs?: number; readonly audience?: string },
  ) => Promise<ClaimSpec>
  /** Starts the workflow of a claim without the gateway. With `proof`, the signal comes before anything else. */
  readonly run: (spec: ClaimSpec, proof?: ProofSeen) => Promise<ClaimVerdict>
  /** The verifier's proof, read out of another claim's history. */
  readonly proofOf: (claimId: ClaimSpec['claimId']) => Promise<ProofSeen>
  /** Asks the signer from a workflow of the intruder's own. */
  readonly mint: (request: MintRequest) => Promise<MintOutcome>
}

const taskQueue = 'intruder'

export async function openIntruderHarness({ system, issuer, temporal }: SystemHarness): Promise<IntruderHarness> {
  installTemporalRuntime(silentLogger)
  const connection = await NativeConnection.connect({ address: system.addresses.temporal })
  const workflowsPath = fileURLToPath(new URL('./direct-mint-workflow.ts', import.meta.url))
  const worker = await Worker.create({ connection, taskQueue, workflowsPath, shutdownForceTime: '3s' })
  const running = worker.run()
  afterFile(async () => {
    worker.shutdown()
    await running
    await connection.close()
  })
  return {
    specFor: (of, { lifetimeMs = 60_000, audience = 'https://sts.example.dev' } = {}) =>
      makeClaimSpec(Issuer.parse(issuer), of, { lifetimeMs, audience: Audience.parse(audience) }),
    run: async (spec, proof) => {
      const start = { taskQueue: claimTaskQueue, workflowId: claimWorkflowId(spec.claimId), args: [spec] }
      const signal = proof && { signal: proofSeenSignal, signalArgs: [proof] }
      const handle = signal
        ? await temporal.workflow.signalWithStart(claimWorkflow, { ...start, ...signal })
        : await temporal.workflow.start(claimWorkflow, start)
      return (await handle.result()) as ClaimVerdict
    },
    proofOf: async claimId => {
      const { events } = await temporal.workflow.getHandle(claimWorkflowId(claimId)).fetchHistory()
      const signals = (events ?? []).flatMap(event => event.workflowExecutionSignaledEventAttributes ?? [])
      const payload = signals[0]?.input?.payloads?.[0]?.data
      if (!payload) throw new Error('no proof in that history')
      return JSON.parse(Buffer.from(payload).toString('utf8'))
    },
    mint: request =>
      temporal.workflow.execute<(request: MintRequest) => Promise<MintOutcome>>('mintDirectly', {
        taskQueue,
        workflowId: `intruder-${crypto.randomUUID()}`,
        args: [request],
      }),
  }
}

async function makeClaimSpec(
  issuer: Issuer,
  of: { repository: string; run: { id: number } },
  { lifetimeMs, audience }: { lifetimeMs: number; audience: Audience },
): Promise<ClaimSpec> {
  const sealKey = SealKey.parse((await makeSealKey()).sealTo)
  const claimId = await claimIdOf(sealKey)
  const nonce = ChallengeNonce.parse(Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'))
  const claimedAtMs = Date.now()
  return {
    claimId,
    audience,
    repository: RepositoryName.parse(of.repository),
    runId: RunId.parse(String(of.run.id)),
    sealKey,
    ownKey: true,
    challengeCode: await challengeCode({ issuer, audience, claimId, nonce }),
    nonce,
    channels: ['artifact'],
    claimedAtMs,
    expiresAtMs: claimedAtMs + lifetimeMs,
  }
}
