import { generateKeyPairSync, sign } from 'node:crypto'
import { inspect } from 'node:util'
import { KeyId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { compactVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTokenSigner } from './token-signer.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const keyId = KeyId.parse('k'.repeat(43))
const signer = createTokenSigner({ keyId, privateKey: new Secret(privateKey) })
const texts = ['{}', '{"sub":"x"}', `{"head_ref":"${'ü\u202e\u0000'.repeat(500)}"}`, '{"emoji":"🦊"}']

describe('a token signer', () => {
  it.each(texts)('gives the bytes of RFC 7515 section 5.1, header members in the documented order (%#)', async text => {
    const parts = [`{"alg":"RS256","typ":"JWT","kid":"${keyId}"}`, text]
    const input = parts.map(part => Buffer.from(part).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url')
    expect((await signer.sign(text)).reveal()).toBe(`${input}.${signature}`)
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
