import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { KeyId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { CompactSign, compactVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTokenSigner } from './token-signer.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const keyId = KeyId.parse('k'.repeat(43))
const signer = createTokenSigner({ keyId, privateKey: new Secret(privateKey) })
const texts = ['{}', '{"sub":"x"}', `{"head_ref":"${'ü\u202e\u0000'.repeat(500)}"}`, '{"emoji":"🦊"}']

describe('a token signer', () => {
  it.each(texts)('gives the bytes that a library gives (%#)', async text => {
    const header = { alg: 'RS256', typ: 'JWT', kid: keyId }
    const expected = await new CompactSign(new TextEncoder().encode(text)).setProtectedHeader(header).sign(privateKey)
    expect((await signer.sign(text)).reveal()).toBe(expected)
  })

  it('signs exactly the text', async () => {
    for (const text of texts) {
      const { payload } = await compactVerify((await signer.sign(text)).reveal(), publicKey, { algorithms: ['RS256'] })
      expect(new TextDecoder().decode(payload)).toBe(text)
    }
  })

  it('is not valid under another key or when altered', async () => {
    const token = (await signer.sign('{"sub":"x"}')).reveal()
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey
    await expect(compactVerify(token, other)).rejects.toThrow()
    const [header, , signature] = token.split('.')
    const forged = `${header}.${Buffer.from('{"sub":"y"}').toString('base64url')}.${signature}`
    await expect(compactVerify(forged, publicKey)).rejects.toThrow()
  })

  it('prints neither key nor token', async () => {
    expect(`${inspect(signer, { depth: 9 })} ${inspect(await signer.sign('{}'))}`).not.toMatch(/eyJ|PRIVATE|KeyObject/)
  })
})
