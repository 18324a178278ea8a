import { createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { CertificateRequest } from '@forkproof/contracts/builder'
import { describe, expect, it } from 'vitest'
import { newBuilderKey } from './builder-key.ts'
import { fakeAuthority } from './testing/fake-authority.ts'

const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64')

describe('the request for a builder’s certificate', () => {
  it('has the form that the contract asks for', () => {
    expect(CertificateRequest.safeParse(newBuilderKey().certificateRequest).success).toBe(true)
  })

  it('is signed by its own key over all but the signature, as node:crypto sees it', () => {
    const { certificateRequest, privateKey } = newBuilderKey()
    const der = derOf(certificateRequest)
    // SEQUENCE with a length of two octets, then the signed part: SEQUENCE with a length of one.
    expect([der[0], der[1], der[3]]).toEqual([0x30, 0x81, 0x30])
    const signed = der.subarray(3, 5 + der.readUInt8(4))
    const signature = der.subarray(der.lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex')) + 8 + 3)
    const publicKey = createPublicKey(createPrivateKey(privateKey))
    expect(verify('sha256', signed, publicKey, signature)).toBe(true)
    expect(signed.includes(publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
  })

  it('is one that an independent implementation accepts, time and again', async () => {
    // Signatures vary in length, and with them every length around them.
    const authority = await fakeAuthority()
    for (let round = 0; round < 40; round += 1) {
      await expect(authority.sign(newBuilderKey().certificateRequest)).resolves.toContain('BEGIN CERTIFICATE')
    }
  })

  it('is not accepted once a bit of it is changed', async () => {
    const authority = await fakeAuthority()
    const { certificateRequest } = newBuilderKey()
    const der = derOf(certificateRequest)
    der.writeUInt8(der.readUInt8(60) ^ 1, 60)
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    await expect(authority.sign(changed)).rejects.toThrow()
  })

  it('names nobody and says nothing of the private key', () => {
    const { certificateRequest, privateKey } = newBuilderKey()
    const der = derOf(certificateRequest)
    // version 0, then an empty subject.
    expect(der.subarray(5, 10).toString('hex')).toBe('0201003000')
    const { d = '' } = createPrivateKey(privateKey).export({ format: 'jwk' })
    expect(der.includes(Buffer.from(d, 'base64url'))).toBe(false)
  })

  it('is for another key each time', () => {
    expect(newBuilderKey().privateKey).not.toBe(newBuilderKey().privateKey)
  })
})
