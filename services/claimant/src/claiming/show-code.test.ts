import { describe, expect, it } from 'vitest'
import type { ArtifactStore } from './claim-deps.ts'
import { ClaimLog, tryClaim } from './testing/claim-harness.ts'
import { type FakeClaim, jsonReply } from './testing/fake-issuer.ts'

describe('the artifact', () => {
  const store = (upload: (name: string) => Promise<void>): ArtifactStore => ({
    prepare: () => undefined,
    upload,
    remove: () => Promise.resolve(),
  })

  it('bears exactly the code, and the issuer is told of it and asked for the token only once it is up', async () => {
    const log = new ClaimLog()
    const names: string[] = []
    let askedBefore: string[] = []
    const artifacts = store(async name => {
      names.push(name)
      await expect.poll(() => log.sentences.length, { interval: 1 }).toBeGreaterThan(1)
      askedBefore = [...log.asked]
    })
    const { code } = await tryClaim({}, { channels: ['artifact'], artifacts, log })
    expect(code).toBe('token')
    expect(log.sentences[0]).toBe(`Waiting for OIDC auth challenge ${names[0]}`)
    expect(askedBefore).toEqual(['claim'])
    // The hint is repeated while the token is waited for.
    expect([...new Set(log.asked)].toSorted()).toEqual(['claim', 'claims/shown', 'exchange'])
  })

  it('is told of again, with every fifth line, as long as the token is waited for', async () => {
    const log = new ClaimLog()
    const told = () => log.asked.filter(path => path === 'claims/shown').length
    const exchange = async (claim: FakeClaim) => {
      await expect.poll(told, { interval: 1 }).toBeGreaterThan(3)
      return claim.seal()
    }
    const { code } = await tryClaim(
      { exchange },
      { channels: ['artifact'], artifacts: store(async () => undefined), log },
    )
    expect(code).toBe('token')
    expect(told()).toBeLessThanOrEqual(log.sentences.length / 5 + 2)
  })

  it('is not uploaded when the issuer does not look there', async () => {
    const names: string[] = []
    const artifacts = store(async name => void names.push(name))
    const { code } = await tryClaim(
      { claim: claim => jsonReply(200, { ...claim.answer, channels: ['log'] }) },
      { channels: ['artifact', 'log'], artifacts },
    )
    expect(code).toBe('token')
    expect(names).toEqual([])
  })

  it('that fails leaves the log, with a warning that quotes nothing', async () => {
    const artifacts = store(() => Promise.reject(new Error('secret words')))
    const { code, log } = await tryClaim({}, { channels: ['artifact', 'log'], artifacts })
    expect(code).toBe('token')
    expect(log.warned).toEqual(['The code could not be uploaded as an artifact.'])
  })

  it('that hangs does not hold up a token proven by the log', async () => {
    const artifacts = store(() => new Promise(() => undefined))
    const { code, log } = await tryClaim({}, { channels: ['artifact', 'log'], artifacts })
    expect(code).toBe('token')
    expect(log.warned).toEqual([])
    // Told before the artifact is listed, the issuer would spend a request on an empty listing.
    expect(log.asked).not.toContain('claims/shown')
  })

  it('that fails as the only channel ends the claim with the reason', async () => {
    const artifacts = store(() => Promise.reject(new Error('no')))
    const { outcome, log } = await tryClaim({}, { channels: ['artifact'], artifacts })
    expect(outcome).toMatchObject({ kind: 'cannot', code: 'code_not_shown' })
    expect(log.asked).toEqual(['claim'])
  })

  it('that hangs as the only channel ends at the deadline', async () => {
    const artifacts = store(() => new Promise(() => undefined))
    const { code } = await tryClaim({}, { channels: ['artifact'], artifacts, timeoutMs: 200 })
    expect(code).toBe('timeout')
  })

  it('is out of reach without a store, which is said', async () => {
    const { code } = await tryClaim({}, { channels: ['artifact'] })
    expect(code).toBe('code_not_shown')
  })

  it('is not uploaded where it was not asked for, whatever the issuer says', async () => {
    const names: string[] = []
    const artifacts = store(async name => void names.push(name))
    const claim = await tryClaim(
      { claim: ({ answer }) => jsonReply(200, { ...answer, channels: ['log', 'artifact'] }) },
      { channels: ['log'], artifacts },
    )
    expect(claim.code).toBe('token')
    expect(names).toEqual([])
  })
})
