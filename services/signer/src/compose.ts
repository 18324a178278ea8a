import { randomUUID } from 'node:crypto'
import { TokenId } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import { type Bus, connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { signingTaskQueue } from '@forkproof/workflows/claims/ports'
import { createKeyActivities } from './activities/key-activities.ts'
import { createSigningActivities } from './activities/signing-activities.ts'
import type { SignerConfig } from './config.ts'
import { createIssuanceLog } from './issuance/issuance-log.ts'
import { createJwksPublication } from './keys/jwks-publication.ts'
import { createKeyEncryption } from './keys/key-encryption.ts'
import { createKeyKeeper } from './keys/key-keeper.ts'
import { createKeyRing } from './keys/key-ring.ts'
import { createKeyStore } from './keys/key-store.ts'
import { rotationPolicy } from './keys/rotation.ts'
import { newSigningKey } from './keys/signing-key.ts'
import { createAttestationCheck } from './minting/attestation-check.ts'
import { createMintToken } from './minting/mint-token.ts'
import { createReservations } from './minting/reservations.ts'

/** Minting is processor work; more at once than this only makes each slower. */
const concurrentActivitiesMax = 64

export async function compose(config: SignerConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'signer', level: config.logLevel })
  installTemporalRuntime(log)
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const activities = await createActivities(config, bus, log)
  await startWorker(
    {
      address: config.temporalAddress,
      namespace: config.temporalNamespace,
      worker: {
        taskQueue: signingTaskQueue,
        activities,
        maxConcurrentActivityTaskExecutions: concurrentActivitiesMax,
      },
    },
    { lifecycle, log },
  )
  return { log }
}

/** Everything behind the task queue; also brings the stored keys in order. */
export async function createActivities(config: SignerConfig, bus: Bus, log: Logger) {
  const clock = systemClock
  const encryption = createKeyEncryption({
    current: config.keyEncryptionKey,
    previous: config.previousKeyEncryptionKey,
  })
  const store = createKeyStore(await bus.bucket(buckets.signingKeys))
  const keyRing = createKeyRing({ store, encryption, clock })
  const keeper = createKeyKeeper({
    store,
    publishJwks: createJwksPublication({ bucket: await bus.bucket(buckets.jwks), store }),
    encryption,
    newKey: () => newSigningKey(encryption),
    policy: rotationPolicy(config.rotationDays),
    clock,
    log,
    onChange: () => keyRing.forget(),
  })
  await keeper.start()
  const mintToken = createMintToken({
    issuer: config.issuer,
    checkAttestation: createAttestationCheck(config.attestationPublicKey),
    reservations: createReservations(await bus.bucket(buckets.minted)),
    issuanceLog: createIssuanceLog(bus),
    keyRing,
    clock,
    newTokenId: () => TokenId.parse(randomUUID()),
  })
  return { ...createSigningActivities({ mintToken, log }), ...createKeyActivities({ keeper, log }) }
}
