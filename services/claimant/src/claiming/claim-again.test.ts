import { describe, expect, it } from 'vitest'
import { type ArtifactStore, UploadInterruptedError } from './claim-deps.ts'
import { tryClaim } from './testing/claim-harness.ts'
import { type FakeClaim, type FakeReply, jsonReply } from './testing/fake-issuer.ts'

type Exchange = (claim: FakeClaim) => FakeReply | Promise<FakeReply>

/** An issuer whose first claims end as told, one answer each; later ones are proven. `opened` has every claim. */
function issuerOf(...endings: Exchange[]) {
  const opened: FakeClaim[] = []
  return {
    opened,
    behaviour: {
      claim: (claim: FakeClaim) => {
        opened.push(claim)
        return jsonReply(200, claim.answer)
      },
      exchange: (claim: FakeClaim) => endings[opened.length - 1]?.(claim) ?? claim.seal(),
    },
  }
}
const refused =
  (status: number, code: string, headers = {}): Exchange =>
  () =>
    jsonReply(status, { code, reason: code }, headers)
/** An issuer whose claims are over at once. */
const endingNow = (behaviour: ReturnType<typeof issuerOf>) => ({
  ...behaviour.behaviour,
  claim: (claim: FakeClaim) => {
    behaviour.opened.push(claim)
    return jsonReply(200, { ...claim.answer, expiresAt: new Date().toISOString() })
  },
})

describe('after a refusal that may pass', () => {
  it.each([
    [424, 'github_unavailable'],
    [503, 'github_unavailable'],
    [410, 'claim_expired'],
    [404, 'claim_not_found'],
  ])('with %i %s the client claims again, with a fresh key and code, and gets its token', async (status, code) => {
    const issuer = issuerOf(refused(status, code), refused(status, code))
    const { outcome, log } = await tryClaim(issuer.behaviour)
    expect(outcome).toMatchObject({ proof: 'log' })
    expect(issuer.opened).toHaveLength(3)
    expect(new Set(issuer.opened.map(claim => claim.answer.challengeCode)).size).toBe(3)
    expect(new Set(issuer.opened.map(claim => claim.request.sealTo.x)).size).toBe(3)
    expect(new Set(log.sentences)).toEqual(
      new Set(issuer.opened.map(claim => `Waiting for OIDC auth challenge ${claim.answer.challengeCode}`)),
    )
  })

  it('the pauses grow, half of each by chance, and say what for', async () => {
    const { log } = await tryClaim(issuerOf(...Array(3).fill(refused(424, 'github_unavailable'))).behaviour)
    expect(log.sleptMs.filter(ms => ms !== 1_000)).toEqual([750, 1_500, 3_000])
    expect(log.warned[0]).toBe(
      'GitHub could not be read in time; claim again (github_unavailable); claiming again in 1 s.',
    )
  })

  it('the pause is longer than the verdict’s Retry-After', async () => {
    const { log } = await tryClaim(issuerOf(refused(424, 'github_unavailable', { 'retry-after': '4' })).behaviour)
    expect(log.sleptMs).toContain(4_750)
  })

  it('with a Retry-After beyond the time left the client ends at once with the reason', async () => {
    const issuer = issuerOf(refused(424, 'github_unavailable', { 'retry-after': '600' }))
    const { outcome, log } = await tryClaim(issuer.behaviour)
    expect(outcome).toMatchObject({ kind: 'refused', code: 'github_unavailable' })
    expect(issuer.opened).toHaveLength(1)
    expect(log.sleptMs.filter(ms => ms > 1_000)).toEqual([])
  })

  it('a code that was not seen is shown again once its claim is over', async () => {
    const issuer = issuerOf(refused(403, 'code_not_seen'))
    expect((await tryClaim(endingNow(issuer))).code).toBe('token')
    expect(issuer.opened).toHaveLength(2)
  })

  it('a code that was refused unseen before its time is not', async () => {
    const issuer = issuerOf(refused(403, 'code_not_seen'))
    expect((await tryClaim(issuer.behaviour)).code).toBe('code_not_seen')
    expect(issuer.opened).toHaveLength(1)
  })

  it('the number of claims has an end, and the last refusal is told', async () => {
    const issuer = issuerOf(...Array(50).fill(refused(424, 'github_unavailable')))
    const { outcome } = await tryClaim(issuer.behaviour, { timeoutMs: 600_000 })
    expect(outcome).toMatchObject({ kind: 'refused', code: 'github_unavailable' })
    expect(issuer.opened).toHaveLength(10)
  })

  it('a second claim that is not decided in time leaves the first one’s reason', async () => {
    const issuer = issuerOf(refused(403, 'code_not_seen'), () => new Promise<FakeReply>(() => undefined))
    const { outcome } = await tryClaim(endingNow(issuer), { timeoutMs: 3_500 })
    expect(outcome).toMatchObject({
      code: 'code_not_seen',
      detail: 'Another claim was not decided in time.',
      advice: expect.stringContaining('artifact'),
    })
  })

  it('an upload that was interrupted is tried again under another name', async () => {
    const names: string[] = []
    const artifacts: ArtifactStore = {
      prepare: () => undefined,
      remove: () => Promise.resolve(),
      upload: async name => {
        names.push(name)
        if (names.length === 1) throw new UploadInterruptedError()
      },
    }
    const { code } = await tryClaim({}, { channels: ['artifact'], artifacts })
    expect(code).toBe('token')
    expect(new Set(names).size).toBe(2)
  })
})

describe('a refusal that lasts', () => {
  it.each([
    [403, 'not_a_fork'],
    [403, 'run_not_in_progress'],
    [404, 'run_not_found'],
    [403, 'attempt_not_latest'],
    [403, 'code_quoted'],
    [403, 'attestation_mismatch'],
    [403, 'of_a_later_release'],
  ])('with %i %s ends the first claim at once', async (status, code) => {
    const issuer = issuerOf(refused(status, code))
    const { outcome, log } = await tryClaim(issuer.behaviour)
    expect(outcome).toMatchObject({ kind: 'refused' })
    expect(issuer.opened).toHaveLength(1)
    expect(log.warned).toEqual([])
  })

  it('is an answer that cannot be trusted', async () => {
    const issuer = issuerOf(claim => claim.seal({ claims: { run_id: '1' } }))
    expect((await tryClaim(issuer.behaviour)).code).toBe('token_mismatch')
    expect(issuer.opened).toHaveLength(1)
  })
})

describe('before a claim is open', () => {
  it('a key that is said to be used is replaced, because something in between may have sent it twice', async () => {
    const { code, log } = await tryClaim({
      claim: (claim, attempt) =>
        attempt === 1 ? jsonReply(409, { code: 'claim_key_used' }) : jsonReply(200, claim.answer),
    })
    expect(code).toBe('token')
    expect(log.asked.filter(path => path === 'claim')).toHaveLength(2)
  })

  it('a Retry-After within the time left is waited for in full, however long', async () => {
    const { code, log } = await tryClaim(
      {
        claim: (claim, attempt) =>
          attempt === 1
            ? jsonReply(503, { code: 'temporarily_unavailable' }, { 'retry-after': '90' })
            : jsonReply(200, claim.answer),
      },
      { timeoutMs: 300_000 },
    )
    expect(code).toBe('token')
    expect(log.sleptMs).toContain(90_000)
  })

  it.each([
    [429, 'rate_limited'],
    [503, 'temporarily_unavailable'],
  ])('a %i with a Retry-After beyond the time left ends it at once as %s', async (status, code) => {
    const { outcome, log } = await tryClaim({ claim: () => jsonReply(status, { code }, { 'retry-after': '3600' }) })
    expect(outcome).toMatchObject({
      kind: 'refused',
      code,
      detail: 'The issuer asks to wait 3600 s, which is longer than the time left.',
    })
    expect(log.sleptMs).toEqual([])
    expect(log.asked).toEqual(['claim'])
  })
})
