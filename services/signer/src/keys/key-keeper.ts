import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { KeyChangeResult, KeyOperation } from '@forkproof/workflows/keys/api'
import type { PublishJwks } from './jwks-publication.ts'
import type { KeyEncryption } from './key-encryption.ts'
import { activeKey, isPublished, type KeyStates, type NewKey, noKeys } from './key-record.ts'
import { applyOperation, genesis, type KeyChange, needsNewKey } from './key-states.ts'
import type { KeyStore } from './key-store.ts'
import { rewrapKeys } from './rewrap.ts'
import { nextRotationStep, type RotationPolicy } from './rotation.ts'
import { summarise } from './summary.ts'

export interface KeyKeeper {
  /** At start: makes the first key if there is none, renews stale encryption and publishes the JWKS. */
  start(): Promise<void>
  change(operation: KeyOperation): Promise<KeyChangeResult>
  rotate(): Promise<KeyChangeResult>
}

interface KeyKeeperDeps {
  readonly store: KeyStore
  readonly publishJwks: PublishJwks
  readonly encryption: KeyEncryption
  readonly newKey: () => Promise<NewKey>
  readonly policy: RotationPolicy
  readonly clock: Clock
  readonly log: Logger
  /** Called after each change by this process, so that its own cache is not stale. */
  readonly onChange: () => void
}

const attemptsMax = 8
/** A rotation drops, activates and prepares each key at most once. */
const rotationStepsMax = 8

export function createKeyKeeper(deps: KeyKeeperDeps): KeyKeeper {
  return {
    start: () => startKeys(deps),
    change: operation => change(deps, operation),
    rotate: async () => {
      for (let step = 1; step <= rotationStepsMax; step++) {
        const { states } = await deps.store.read()
        const due = nextRotationStep(states, deps.clock.now(), deps.policy)
        if (!due) break
        const result = await change(deps, due)
        // A manual change came in between; the schedule's next run decides again.
        if (result.outcome === 'refused') return result
      }
      return change(deps, { operation: 'status' })
    },
  }
}

async function startKeys(deps: KeyKeeperDeps): Promise<void> {
  await commit(deps, async states => {
    if (states.keys.length === 0) return { outcome: 'changed', states: genesis(await deps.newKey(), deps.clock.now()) }
    return rewrapKeys(states, deps.encryption)
  })
  await deps.publishJwks()
}

async function change(deps: KeyKeeperDeps, operation: KeyOperation): Promise<KeyChangeResult> {
  const { change: outcome, states } = await commit(deps, async states => {
    const newKey = needsNewKey(states, operation) ? await deps.newKey() : undefined
    return applyOperation(states, operation, { nowMs: deps.clock.now(), newKey })
  })
  const keys = summarise(states)
  if (outcome.outcome === 'refused') return { outcome: 'refused', code: outcome.code, detail: outcome.detail, keys }
  // Also when nothing changed: the process that made the change may have died before it published.
  await deps.publishJwks()
  if (outcome.outcome === 'changed') {
    deps.log.info({ kind: operation.operation, keyId: activeKey(states)?.keyId }, 'signing keys changed')
  }
  return { outcome: 'done', keys }
}

/** Publishes new keys before the change counts. The caller withdraws old ones afterwards. */
async function commit(
  deps: KeyKeeperDeps,
  decide: (states: KeyStates) => Promise<KeyChange>,
): Promise<{ change: KeyChange; states: KeyStates }> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const { states, revision } = await deps.store.read()
    const change = await decide(states)
    if (change.outcome !== 'changed') return { change, states }
    const additions = newlyPublished(states, change.states)
    if (additions.length > 0) await deps.publishJwks(additions)
    if (await deps.store.write(change.states, revision)) {
      deps.onChange()
      return { change, states: change.states }
    }
  }
  throw new Error(`the signing keys were changed by others in each of ${attemptsMax} attempts`)
}

function newlyPublished(before: KeyStates = noKeys, after: KeyStates) {
  const known = new Set(before.keys.filter(isPublished).map(key => key.keyId))
  return after.keys.filter(key => isPublished(key) && !known.has(key.keyId))
}
