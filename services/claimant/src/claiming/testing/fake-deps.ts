import { setTimeout as delay } from 'node:timers/promises'
import type { ClaimDeps } from '../claim-deps.ts'
import { ClaimFailure } from '../claim-failure.ts'

/** Collaborators of claims and builds that record what they are told. A pause of a second takes a millisecond. */
export class FakeDeps implements ClaimDeps {
  readonly said: string[] = []
  readonly warned: string[] = []
  readonly sleptMs: number[] = []
  readonly clock: ClaimDeps['clock'] = {
    now: () => Date.now(),
    sleep: (ms, signal) => {
      this.sleptMs.push(ms)
      return delay(ms / 1_000, undefined, { signal })
    },
  }
  readonly journal: ClaimDeps['journal'] = {
    say: line => void this.said.push(line),
    warn: line => void this.warned.push(line),
  }
  readonly random = () => 0.5
}

/** For `catch`: the failure that the code under test is meant to throw. Everything else fails the test. */
export function onlyClaimFailures(error: unknown): ClaimFailure {
  if (error instanceof ClaimFailure) return error
  throw error
}
