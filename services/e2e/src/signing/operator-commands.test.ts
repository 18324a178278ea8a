import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { signerCommand } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

// Each test goes on from what the one before left, as operators do.
let harness: SystemHarness
let firstToken: string
let firstKey: string
beforeAll(async () => {
  harness = await openSystemHarness()
  firstToken = await mintedToken()
  firstKey = keyOf(firstToken)
})

async function mintedToken(): Promise<string> {
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  return (await exchangeClaim(answer.exchangeURL)).text
}

const keyOf = (token: string): string => decodeProtectedHeader(token).kid ?? ''

const verified = (token: string) =>
  verifyTokenWith(
    inject('programs').verifyToken,
    { issuer: harness.issuer, audience: 'https://sts.example.dev', token },
    AbortSignal.timeout(20_000),
  )

/** Key ids as relying parties get them, from the gateway. */
async function published(): Promise<string[]> {
  const response = await fetch(`${harness.issuer}/.well-known/jwks`, { signal: AbortSignal.timeout(10_000) })
  const { keys }: { keys: { kid: string }[] } = JSON.parse(await response.text())
  return keys.map(({ kid }) => kid)
}

const keys = (...args: string[]) =>
  signerCommand('keys', args, { FORKPROOF_TEMPORAL_ADDRESS: harness.system.addresses.temporal })

async function keyStates(): Promise<Record<string, string>> {
  const { output } = await keys('status', '--json')
  const found: { keys: { keyId: string; state: string }[] } = JSON.parse(output)
  return Object.fromEntries(found.keys.map(({ keyId, state }) => [keyId, state]))
}

const issuance = (...args: string[]) =>
  signerCommand('issuance', args, {
    FORKPROOF_NATS_URL: harness.system.addresses.nats,
    FORKPROOF_NATS_PASSWORD: harness.system.busPasswords.signer.reveal(),
  })

const keyIn = (states: Record<string, string>, state: string): string =>
  Object.entries(states).find(([, its]) => its === state)?.[0] ?? `no ${state} key`

describe('npm run keys, seen by a relying party', () => {
  it('prepare: relying parties get to know the next key before it signs anything', async () => {
    expect(await published()).toEqual([firstKey])
    expect((await keys('prepare')).code).toBe(0)
    const next = keyIn(await keyStates(), 'prepared')
    await expect.poll(published, { timeout: 10_000 }).toEqual([firstKey, next])
    expect(keyOf(await mintedToken())).toBe(firstKey)
  })

  it('activate: refused while a cache may not know the key yet, and nothing changes', async () => {
    const before = await keyStates()
    const { code, output } = await keys('activate', keyIn(before, 'prepared'))
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('refused (key_state_conflict)') })
    expect(await keyStates()).toEqual(before)
  })

  it('taint: the next token is of another key and verifies, those of the tainted key do not any more', async () => {
    expect(await verified(firstToken)).toMatchObject({ verified: true })
    const successor = keyIn(await keyStates(), 'prepared')
    expect((await keys('taint', firstKey)).code).toBe(0)
    await expect.poll(published, { timeout: 10_000 }).toEqual([successor])
    const token = await mintedToken()
    expect(keyOf(token)).toBe(successor)
    expect(await verified(token)).toMatchObject({ verified: true })
    expect(await verified(firstToken)).toMatchObject({ verified: false })
  })

  it('drop: a tainted key can go at once, the one that signs cannot', async () => {
    expect((await keys('drop', firstKey)).code).toBe(0)
    const states = await keyStates()
    expect(states[firstKey]).toBe('dropped')
    const { code, output } = await keys('drop', keyIn(states, 'active'))
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('the key is active') })
  })

  it('retire: a prepared key is given up and kept published until no token of it can be presented', async () => {
    expect((await keys('prepare')).code).toBe(0)
    const unwanted = keyIn(await keyStates(), 'prepared')
    expect((await keys('retire', unwanted)).code).toBe(0)
    expect((await keyStates())[unwanted]).toBe('retired')
    await expect.poll(published, { timeout: 10_000 }).toContain(unwanted)
    expect(await keys('drop', unwanted)).toMatchObject({ code: 1, output: expect.stringContaining('left') })
    expect(await verified(await mintedToken())).toMatchObject({ verified: true })
  })
})

describe('npm run issuance, after tokens of two keys', () => {
  it('finds every token in an intact chain, also after more were minted', async () => {
    const before = JSON.parse((await issuance('verify', '--json')).output)
    // One before the keys changed, one while the next was prepared, one after the taint, one after the retirement.
    expect(before).toMatchObject({ verdict: 'intact', count: 4 })
    await mintedToken()
    const after = await issuance('verify', '--expect-contains', `${before.count}:${before.head}`)
    expect(after).toMatchObject({ code: 0, output: expect.stringMatching(/^intact: 5 entries, head [0-9a-f]{64}\n$/) })
  })

  it('fails when the log does not end as it was noted elsewhere', async () => {
    const { head } = JSON.parse((await issuance('verify', '--json')).output)
    expect((await issuance('verify', '--expect-head', head)).code).toBe(0)
    expect((await issuance('verify', '--expect-head', '0'.repeat(64))).code).toBe(1)
    expect((await issuance('verify', '--expect-contains', `1:${head}`)).code).toBe(1)
  })
})
