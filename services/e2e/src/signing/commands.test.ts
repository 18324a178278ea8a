import { JsonWebKeySet } from '@forkproof/contracts/jwks'
import { buckets, subjects } from '@forkproof/contracts/subjects'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBus, openPartialSystem, signerCommand } from '../testing/partial-system-harness.ts'

let system: LocalSystem
let bus: Awaited<ReturnType<typeof openBus>>

beforeAll(async () => {
  system = await openPartialSystem('temporal', 'signer', 'orchestrator')
  bus = await openBus(system, 'signer')
})

const keys = (...args: string[]) =>
  signerCommand('keys', args, { FORKPROOF_TEMPORAL_ADDRESS: system.addresses.temporal })
const issuance = (...args: string[]) =>
  signerCommand('issuance', args, {
    FORKPROOF_NATS_URL: system.addresses.nats,
    FORKPROOF_NATS_PASSWORD: system.busPasswords.signer.reveal(),
  })
const published = async () => {
  const document = await (await bus.bucket(buckets.jwks)).get('current')
  return JsonWebKeySet.parse(JSON.parse(document?.value ?? '')).keys.map(key => key.kid as string)
}
const keyIds = async () =>
  (JSON.parse((await keys('status', '--json')).output).keys as { keyId: string }[]).map(key => key.keyId)

describe('npm run keys, through Temporal', () => {
  it('shows the first key, which is published', async () => {
    const { code, output, errors } = await keys('status')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const [kid = ''] = await published()
    expect(output).toMatch(new RegExp(`^${kid} +active `, 'm'))
  })

  it('prepares a key, which is published and not yet allowed to sign', async () => {
    expect((await keys('prepare')).code).toBe(0)
    const [, prepared = ''] = await keyIds()
    expect(await published()).toContain(prepared)
    const { code, output } = await keys('activate', prepared)
    expect(code).toBe(1)
    expect(output).toContain('refused (key_state_conflict): prepared too recently')
  })

  it('refuses to drop a key that signs, and one that does not exist', async () => {
    const [active = ''] = await keyIds()
    expect((await keys('drop', active)).code).toBe(1)
    const { code, output } = await keys('drop', 'x'.repeat(43), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(output)).toMatchObject({ outcome: 'refused', code: 'key_not_found' })
  })

  it('taints the active key: out of the published document at once, its successor signs', async () => {
    const [active = '', prepared = ''] = await keyIds()
    const { code, output } = await keys('taint', active)
    expect(code).toBe(0)
    expect(output).toMatch(new RegExp(`^${prepared} +active `, 'm'))
    expect(await published()).toEqual([prepared])
  })

  it('shows nothing secret on the way', async () => {
    const { output } = await keys('status', '--json')
    expect(output).not.toMatch(/sealed|PRIVATE|eyJ/)
  })

  it('says usage for what it does not know, and what is wrong when Temporal is away', async () => {
    expect(await keys('export')).toMatchObject({ code: 2, errors: expect.stringContaining('usage:') })
    const away = await signerCommand('keys', ['status'], { FORKPROOF_TEMPORAL_ADDRESS: '127.0.0.1:1' })
    expect(away).toMatchObject({ code: 1, errors: expect.stringContaining('FORKPROOF_TEMPORAL_ADDRESS') })
  })
})

describe('npm run issuance', () => {
  it('verifies an empty log', async () => {
    const { code, output } = await issuance('verify', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ verdict: 'intact', count: 0 })
  })

  it('names its settings when they are missing', async () => {
    const { code, errors } = await signerCommand('issuance', ['verify'], {})
    expect(code).toBe(2)
    expect(errors).toContain('FORKPROOF_NATS_PASSWORD')
  })

  it('finds an entry that somebody with the signer’s credential wrote past the signer', async () => {
    await bus.store(subjects.issuance, '{"v":1}', 'forged')
    const { code, output } = await issuance('verify')
    expect(code).toBe(1)
    expect(output).toBe('broken at entry 1: the entry is not of the expected form\n')
    expect((await issuance('tail', '1')).output).toBe('{"v":1}\n')
  })
})
