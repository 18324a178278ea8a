import { ConfigError } from '@forkproof/infra/config'
import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { describeVerdict, parseIssuanceCommand } from './issuance/command-line.ts'
import { describeKeys, parseKeysCommand } from './keys/command-line.ts'
import { verifierKeys } from './testing/signer-harness.ts'

const kid = 'k'.repeat(43)
const hash = 'a'.repeat(64)

describe('npm run keys', () => {
  it.each([
    [['status'], { operation: { operation: 'status' }, json: false }],
    [['prepare', '--json'], { operation: { operation: 'prepare' }, json: true }],
    [['activate', kid], { operation: { operation: 'activate', keyId: kid }, json: false }],
    [['taint', kid, '--json'], { operation: { operation: 'taint', keyId: kid }, json: true }],
    [['drop', `-${kid.slice(1)}`], { operation: { operation: 'drop', keyId: `-${kid.slice(1)}` }, json: false }],
    [['drop', `--${kid.slice(2)}`], { operation: { operation: 'drop', keyId: `--${kid.slice(2)}` }, json: false }],
  ])('understands %j', (args, command) => {
    expect(parseKeysCommand(args)).toEqual(command)
  })

  it.each([
    [],
    ['statu'],
    ['status', kid],
    ['taint'],
    ['taint', 'short'],
    ['taint', kid, kid],
    ['status', '--force'],
    ['--json'],
    ['toString'],
    ['__proto__', kid],
  ])('does not guess what %j means', (...args) => {
    expect(parseKeysCommand(args)).toBeUndefined()
  })

  it('prints a table and, when refused, why', () => {
    const keys = [{ keyId: kid, state: 'active', preparedAtMs: 0, activatedAtMs: 1_000 }] as const
    const text = describeKeys({ outcome: 'refused', code: 'key_state_conflict', detail: 'too early', keys })
    expect(text).toContain(`${kid}  active  1970-01-01T00:00:00Z  1970-01-01T00:00:01Z`)
    expect(text).toContain('refused (key_state_conflict): too early')
  })
})

describe('npm run issuance', () => {
  it.each([
    [['verify'], { command: 'verify', json: false, expected: {} }],
    [['verify', '--json', '--expect-head', hash], { command: 'verify', json: true, expected: { head: hash } }],
    [
      ['verify', '--expect-contains', `7:${hash}`],
      { command: 'verify', json: false, expected: { contains: { seq: 7, hash } } },
    ],
    [['tail'], { command: 'tail', json: false, count: 10 }],
    [['tail', '3'], { command: 'tail', json: false, count: 3 }],
  ])('understands %j', (args, command) => {
    expect(parseIssuanceCommand(args)).toEqual(command)
  })

  it.each([
    [],
    ['verify', 'now'],
    ['verify', '--expect-head', 'abc'],
    ['verify', '--expect-contains', hash],
    ['verify', '--expect-contains', `0:${hash}`],
    ['tail', '0'],
    ['tail', '-1'],
    ['tail', '1e3'],
    ['tail', '99999'],
    ['tail', '1', '2'],
    ['tail', '--expect-head', hash],
    ['purge'],
  ])('does not guess what %j means', (...args) => {
    expect(parseIssuanceCommand(args)).toBeUndefined()
  })

  it('says where a log is broken', () => {
    expect(describeVerdict({ verdict: 'broken', sequence: 7, problem: 'an entry is missing' })).toBe(
      'broken at entry 7: an entry is missing\n',
    )
  })
})

describe('the configuration', () => {
  const jwk = JSON.stringify(verifierKeys.publicKey.export({ format: 'jwk' }))
  const good = {
    FORKPROOF_NATS_PASSWORD: 'p'.repeat(32),
    FORKPROOF_ISSUER: 'https://issuer.example',
    FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY: jwk,
    FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64url'),
  }
  const problems = (env: Record<string, string>) => {
    try {
      readConfig(env)
      return []
    } catch (error) {
      return error instanceof ConfigError ? error.problems : [String(error)]
    }
  }

  it('takes the verifier’s key as JWK and as PEM', () => {
    const pem = verifierKeys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const key of [jwk, pem]) {
      const config = readConfig({ ...good, FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY: key })
      expect(config.attestationPublicKey.equals(verifierKeys.publicKey)).toBe(true)
    }
  })

  it('names everything that is missing at once', () => {
    expect(problems({})).toHaveLength(4)
  })

  it('keeps secrets out of its printed form', () => {
    expect(JSON.stringify(readConfig(good))).not.toContain(good.FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY)
  })

  it.each([
    ['FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY', JSON.stringify(verifierKeys.privateKey.export({ format: 'jwk' }))],
    [
      'FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY',
      verifierKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    ['FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY', '{"kty":"oct","k":"AAAA"}'],
    ['FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY', 'null'],
    ['FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY', 'A'.repeat(42)],
    ['FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY', `${'A'.repeat(42)}B`],
    ['FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY_PREVIOUS', 'short'],
    ['FORKPROOF_ISSUER', 'https://issuer.example/'],
    ['FORKPROOF_ISSUER', 'http://issuer.example'],
    ['FORKPROOF_SIGNER_ROTATION_DAYS', '1'],
    ['FORKPROOF_NATS_PASSWORD', 'short'],
  ])('refuses a wrong %s without repeating it', (name, value) => {
    const found = problems({ ...good, [name]: value })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(name)
    expect(found[0]).not.toContain(value.length > 8 ? value : '\u0000')
  })
})
