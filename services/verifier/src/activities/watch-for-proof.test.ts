import { type LogFields, type Logger, silentLogger } from '@forkproof/infra/log'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import type { ProofSeen } from '@forkproof/workflows/claims/api'
import { describe, expect, test } from 'vitest'
import { refuse } from '../core/run-decision.ts'
import { verifyRun } from '../core/verify-run.ts'
import type { WatchReport } from '../observer/observer-registry.ts'
import { aClaimSpec, aPullRequest, aRun, fakeNowMs, verifierIssuer } from '../testing/fake-github-answers.ts'
import { type WatchForProofDeps, watchForProof } from './watch-for-proof.ts'

const spec = await aClaimSpec()
const other = await aClaimSpec()
const signal = new AbortController().signal

function verifiedReport(): WatchReport {
  const evidence = {
    run: aRun(),
    attempt: 1,
    pullRequests: { pulls: [aPullRequest()], readAtMs: 0, isBaseOfRun: true },
    sighting: { channel: 'artifact' as const },
    seenAtMs: fakeNowMs,
  }
  const result = verifyRun(spec, evidence)
  if (result.kind !== 'verified') throw new Error(result.reason)
  return { result, counted: 3, shownAtMs: fakeNowMs - 200 }
}

function deps(changes: Partial<WatchForProofDeps> = {}) {
  const told: ProofSeen[] = []
  const watched: string[] = []
  const lines: LogFields[] = []
  const log: Logger = { ...silentLogger, info: fields => lines.push(fields) }
  const made: WatchForProofDeps = {
    issuer: verifierIssuer,
    clock: new FakeClock(fakeNowMs),
    log,
    watch: ({ claimId }) => {
      watched.push(claimId)
      return Promise.resolve(verifiedReport())
    },
    sign: () => Promise.resolve('a.signed.jws'),
    signalProof: (_, proof) => {
      told.push(proof)
      return Promise.resolve('told')
    },
    ...changes,
  }
  return { deps: made, told, watched, lines }
}

describe('a claim that is inconsistent', () => {
  test.each([
    ['a foreign code', { challengeCode: other.challengeCode }],
    ['a swapped key', { sealKey: other.sealKey }],
  ])('%s is refused before anything is asked', async (_, changes) => {
    const given = deps()
    const outcome = await watchForProof({ ...spec, ...changes }, given.deps, signal)
    expect(outcome).toMatchObject({ outcome: 'refused', reason: 'attestation_mismatch' })
    expect(given.watched).toEqual([])
  })
  test('a claim whose time is over is refused before anything is asked', async () => {
    const given = deps()
    const outcome = await watchForProof({ ...spec, expiresAtMs: fakeNowMs }, given.deps, signal)
    expect(outcome).toMatchObject({ reason: 'code_not_seen' })
    expect(given.watched).toEqual([])
  })
})

describe('a watched claim', () => {
  test('that was verified is attested and told to its workflow', async () => {
    const given = deps()
    expect(await watchForProof(spec, given.deps, signal)).toEqual({ outcome: 'proven' })
    expect(given.told).toEqual([
      { attestation: 'a.signed.jws', channel: 'artifact', repositoryId: '1001', pullRequest: '42' },
    ])
    expect(given.lines[0]).toMatchObject({ claimId: spec.claimId, channel: 'artifact', counted: 3, elapsedMs: 200 })
  })
  test('that was refused is signed and told nothing', async () => {
    const report = { result: refuse('not_a_fork'), counted: 1, shownAtMs: undefined }
    const given = deps({
      watch: () => Promise.resolve(report),
      sign: () => Promise.reject(new Error('must not sign')),
    })
    expect(await watchForProof(spec, given.deps, signal)).toEqual({ outcome: 'refused', reason: 'not_a_fork' })
    expect(given.told).toEqual([])
    expect(given.lines[0]).toMatchObject({ reason: 'not_a_fork' })
  })
  test('whose workflow is over ends quietly', async () => {
    const given = deps({ signalProof: () => Promise.resolve('gone') })
    expect(await watchForProof(spec, given.deps, signal)).toEqual({ outcome: 'proven' })
  })
  test('whose workflow cannot be told fails, so that it is tried again', async () => {
    const given = deps({ signalProof: () => Promise.reject(new Error('unavailable')) })
    await expect(watchForProof(spec, given.deps, signal)).rejects.toThrow('unavailable')
  })
  test('leaves no code, key or attestation in the log', async () => {
    const given = deps()
    await watchForProof(spec, given.deps, signal)
    const text = JSON.stringify(given.lines)
    for (const secret of [spec.challengeCode, spec.sealKey.x, 'a.signed.jws', spec.nonce])
      expect(text).not.toContain(secret)
  })
})
