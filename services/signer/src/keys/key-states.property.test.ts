import { createHash } from 'node:crypto'
import { KeyId } from '@forkproof/contracts/ids'
import { JsonWebKeySet } from '@forkproof/contracts/jwks'
import { limits } from '@forkproof/contracts/limits'
import type { KeyOperation } from '@forkproof/workflows/keys/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activeKey, isPublished, type KeyStates, type NewKey, prepareLeadMs } from './key-record.ts'
import { applyOperation, genesis } from './key-states.ts'
import { nextRotationStep, rotationPolicy } from './rotation.ts'
import { publicSigningKey } from './signing-key.ts'

const seed = 20_260_101
const tokenLifeMs = (limits.tokenLifetimeSeconds + 300) * 1_000
const policy = rotationPolicy(30)

type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'apply'; readonly operation: KeyOperation['operation']; readonly pick: number }

const waits = [0, 1, 1_000, prepareLeadMs - 1, prepareLeadMs, 900_000, 86_400_000, 30 * 86_400_000]
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(...waits) }),
  fc.record({ kind: fc.constant('rotate' as const) }),
  fc.record({
    kind: fc.constant('apply' as const),
    operation: fc.constantFrom('prepare', 'activate', 'retire', 'taint', 'drop', 'status' as const),
    pick: fc.nat(6),
  }),
)

/** The set of keys, and until when tokens of each key are live. */
class Model {
  nowMs = 1_790_000_000_000
  #made = 0
  states: KeyStates = genesis(this.newKey(), this.nowMs)
  readonly liveUntilMs = new Map<string, number>()

  newKey(): NewKey {
    this.#made += 1
    const keyId = KeyId.parse(createHash('sha256').update(String(this.#made)).digest('base64url'))
    return { keyId, n: 'n'.repeat(342), sealedPrivateKey: `PRIVATE ${this.#made}` }
  }

  run(step: Step): void {
    // A token is signed at every moment there is.
    const signing = activeKey(this.states)
    if (signing) this.liveUntilMs.set(signing.keyId, this.nowMs + tokenLifeMs)
    if (step.kind === 'wait') {
      this.nowMs += step.ms
      if (signing) this.liveUntilMs.set(signing.keyId, this.nowMs + tokenLifeMs)
      return
    }
    const operation =
      step.kind === 'rotate' ? nextRotationStep(this.states, this.nowMs, policy) : this.operationOf(step)
    if (!operation) return
    const before = this.states
    const change = applyOperation(before, operation, { nowMs: this.nowMs, newKey: this.newKey() })
    if (change.outcome !== 'changed') return
    this.states = change.states
    this.checkChange(before, operation)
  }

  private operationOf({ operation, pick }: Extract<Step, { kind: 'apply' }>): KeyOperation | undefined {
    if (operation === 'prepare' || operation === 'status') return { operation }
    const key = this.states.keys[pick % this.states.keys.length]
    return key && { operation, keyId: key.keyId }
  }

  private checkChange(before: KeyStates, operation: KeyOperation): void {
    const published = new Set(this.states.keys.filter(isPublished).map(key => key.keyId))
    for (const key of before.keys.filter(isPublished)) {
      if (published.has(key.keyId) || operation.operation === 'taint') continue
      expect(this.liveUntilMs.get(key.keyId) ?? 0, 'a removed key had live tokens').toBeLessThanOrEqual(this.nowMs)
    }
    const [was, is] = [activeKey(before), activeKey(this.states)]
    if (was?.keyId === is?.keyId || operation.operation === 'taint') return
    expect(this.nowMs - (is?.preparedAtMs ?? 0), 'a key signs that caches may not know').toBeGreaterThanOrEqual(
      prepareLeadMs,
    )
  }

  check(): void {
    expect(this.states.keys.filter(key => key.state === 'active')).toHaveLength(1)
    const jwks = JsonWebKeySet.parse({ keys: this.states.keys.filter(isPublished).map(publicSigningKey) })
    expect(jwks.keys.length).toBeLessThanOrEqual(5)
    expect(JSON.stringify(jwks)).not.toMatch(/PRIVATE|"(d|p|q|dp|dq|qi|k)":/)
    const withdrawn = this.states.keys.filter(key => !isPublished(key))
    expect(JSON.stringify(withdrawn)).not.toContain('PRIVATE')
  }
}

describe('any sequence of operations and waiting', () => {
  it('keeps one active key, no live token without its key, no private member in public, five keys at most', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const model = new Model()
        for (const next of steps) {
          model.run(next)
          model.check()
        }
      }),
      { seed, numRuns: 300 },
    )
  })

  it('rotates for ever by the schedule alone: each key signs for its period, at most three are published', () => {
    const model = new Model()
    const signers = new Set<string | undefined>()
    for (let hour = 0; hour < 24 * 365; hour += 6) {
      model.run({ kind: 'wait', ms: 6 * 3_600_000 })
      model.run({ kind: 'rotate' })
      model.check()
      signers.add(activeKey(model.states)?.keyId)
      expect(model.states.keys.filter(isPublished).length).toBeLessThanOrEqual(3)
    }
    expect(signers.size).toBeGreaterThanOrEqual(12)
    expect(signers.size).toBeLessThanOrEqual(13)
  })
})
