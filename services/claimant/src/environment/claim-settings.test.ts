import { describe, expect, it } from 'vitest'
import { readSettings } from './claim-settings.ts'

const names = { issuer: 'issuer', audience: 'audience', jobId: 'job-id', timeoutSeconds: 'timeout-seconds' }
const read = (changes: Partial<Record<keyof typeof names, string>>) =>
  readSettings({ issuer: 'https://proof.example', audience: '', jobId: '', timeoutSeconds: '', ...changes }, names)

describe('the settings', () => {
  it('have the issuer as audience and five minutes unless told otherwise', () => {
    expect(read({})).toEqual({
      settings: { issuer: 'https://proof.example', audience: 'https://proof.example', timeoutMs: 300_000 },
    })
  })

  it('forgive one slash at the end of the issuer and space around a value', () => {
    expect(read({ issuer: ' https://proof.example/ ', jobId: ' 7 ' })).toMatchObject({
      settings: { issuer: 'https://proof.example', jobId: '7' },
    })
  })

  it.each([
    ['issuer', ''],
    ['issuer', 'proof.example'],
    ['issuer', 'http://proof.example'],
    ['issuer', 'http://127.0.0.1.example'],
    ['issuer', 'https://user:word@proof.example'],
    ['issuer', 'https://proof.example?x'],
    ['issuer', 'https://proof.example//'],
    ['issuer', 'HTTPS://PROOF.example'],
    ['audience', 'two words'],
    ['audience', 'ünïcode'],
    ['audience', 'a'.repeat(256)],
    ['jobId', '-1'],
    ['jobId', '0x10'],
    ['timeoutSeconds', '4'],
    ['timeoutSeconds', '601'],
    ['timeoutSeconds', '1e2'],
    ['timeoutSeconds', 'soon'],
  ] as const)('refuse %s = %j and name it', (name, value) => {
    const result = read({ [name]: value })
    expect(result).toEqual({ problems: [expect.stringMatching(`^${names[name]}: `)] })
  })

  it('report every problem at once', () => {
    const result = read({ issuer: 'x', audience: 'a b', jobId: 'y', timeoutSeconds: 'z' })
    expect(result).toHaveProperty('problems.length', 4)
  })
})
