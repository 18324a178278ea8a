import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeIssuer,
  type FakeIssuerBehaviour,
  jsonReply,
  startFakeIssuer,
} from '../claiming/testing/fake-issuer.ts'
import { bundleHarness } from '../testing/bundle-harness.ts'

const harness = bundleHarness()
let fake: FakeIssuer | undefined
let asked: string[]

beforeEach(() => {
  asked = []
})
afterEach(() => fake?.close())

async function issuerThat(behaviour: FakeIssuerBehaviour = {}): Promise<string> {
  fake = await startFakeIssuer(behaviour, url => asked.push(url))
  return fake.issuer
}

/** The command in the environment of a fork's run, changed as told. */
async function forkproof(args: readonly string[], changes: Record<string, string> = {}) {
  const env = { ...(await harness.forkEnvironment()), GITHUB_OUTPUT: inFolder('output'), ...changes }
  return harness.start('cli.js', args, env).done
}
const inFolder = (name: string) => path.join(harness.directory, name)

const jwtLine = /^eyJ[\w-]+\.[\w-]+\.\n$/

describe('forkproof token', () => {
  it('prints the token and nothing else on standard output', async () => {
    const result = await forkproof(['token', '--issuer', await issuerThat()])
    expect(result).toMatchObject({ exit: 0, out: expect.stringMatching(jwtLine) })
    expect(result.err).toMatch(/^Waiting for OIDC auth challenge forkproof-[0-9a-f]{64}$/m)
  })

  it('masks the token by a line on standard error and shows it nowhere else there, and never masks the code', async () => {
    const { out, err } = await forkproof(['token', '--issuer', await issuerThat()])
    expect(err.split('\n').filter(line => line.includes(out.trim()))).toEqual([`::add-mask::${out.trim()}`])
    expect(err.match(/::add-mask::/g)).toHaveLength(1)
  })

  it('prints one object with --json', async () => {
    const { out } = await forkproof([
      'token',
      '--json',
      '--issuer',
      await issuerThat(),
      '--audience',
      'https://rp.example',
    ])
    expect(JSON.parse(out)).toEqual({
      token: expect.stringMatching(/^eyJ/),
      source: 'forkproof',
      proof: 'log',
      claimId: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: '2030-03-17T17:46:40.000Z',
      tookMs: expect.any(Number),
    })
  })

  it('writes to a file that only its owner reads, also in place of one that others could', async () => {
    const file = inFolder('token')
    await writeFile(file, 'old', { mode: 0o644 })
    const { exit, out } = await forkproof(['token', '--output', file, '--issuer', await issuerThat()])
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    expect(await readFile(file, 'utf8')).toMatch(jwtLine)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readdir(harness.directory)).filter(name => name.startsWith('token.'))).toEqual([])
  })

  it('ends with 1 and the reason when refused', async () => {
    const issuer = await issuerThat({ exchange: () => jsonReply(403, { code: 'code_not_seen' }) })
    const { exit, out, err } = await forkproof(['token', '--issuer', issuer])
    expect({ exit, out }).toEqual({ exit: 1, out: '' })
    expect(err).toMatch(/code_not_seen[\s\S]*What to do: /)
  })

  it('ends with 1 when nobody answers in time', async () => {
    const issuer = await issuerThat()
    await fake?.close()
    const { exit, out, err } = await forkproof(['token', '--issuer', issuer, '--timeout-seconds', '5'])
    expect({ exit, out }).toEqual({ exit: 1, out: '' })
    expect(err).toContain('ECONNREFUSED')
  })

  it('ends with 1 and shows nothing when the code is forged', async () => {
    const issuer = await issuerThat({
      claim: ({ answer }) => jsonReply(200, { ...answer, challengeCode: `forkproof-${'0'.repeat(64)}` }),
    })
    const { exit, out, err } = await forkproof(['token', '--issuer', issuer])
    expect({ exit, out }).toEqual({ exit: 1, out: '' })
    expect(err).not.toContain('forkproof-0000')
  })

  it.each([
    ['push', 'id-token: write'],
    ['pull_request_target', 'secrets'],
  ])('ends with 3 and advice in a run of %s', async (GITHUB_EVENT_NAME, advice) => {
    const { exit, out, err } = await forkproof(['token', '--issuer', await issuerThat()], { GITHUB_EVENT_NAME })
    expect({ exit, out, asked }).toEqual({ exit: 3, out: '', asked: [] })
    expect(err).toContain(advice)
  })

  it('ends with 3 outside of Actions', async () => {
    expect(await forkproof(['token', '--issuer', await issuerThat()], { GITHUB_ACTIONS: '' })).toMatchObject({
      exit: 3,
    })
  })

  it('ends with 2 and the usage on standard error when used wrongly', async () => {
    const { exit, out, err } = await forkproof(['token'])
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toMatch(/--issuer is required[\s\S]*Usage: forkproof token/)
  })

  it('explains itself with 0', async () => {
    expect(await forkproof(['--help'])).toMatchObject({ exit: 0, out: expect.stringContaining('Usage:'), err: '' })
    expect(await forkproof(['token', '--step-name'])).toMatchObject({
      exit: 0,
      out: expect.stringContaining('--begin'),
    })
  })
})

describe('the two-step form', () => {
  const stateFile = () => inFolder('forkproof-claim.json')

  it('gives the code in the first step and the token in the second', async () => {
    const first = await forkproof(['token', '--begin', '--issuer', await issuerThat()])
    expect(first).toMatchObject({ exit: 0, out: expect.stringMatching(/^forkproof-[0-9a-f]{64}\n$/) })
    expect(await readFile(inFolder('output'), 'utf8')).toBe(`code=${first.out}`)
    expect((await stat(stateFile())).mode & 0o777).toBe(0o600)
    expect(asked).toEqual(['/claim'])
    const second = await forkproof(['token', '--finish'])
    expect(second).toMatchObject({ exit: 0, out: expect.stringMatching(jwtLine) })
    expect(asked).toHaveLength(3)
  })

  it('leaves no key behind, whether it ends well or not', async () => {
    await forkproof(['token', '--begin', '--issuer', await issuerThat({ exchange: () => jsonReply(403, {}) })])
    expect(await forkproof(['token', '--finish'])).toMatchObject({ exit: 1, out: '' })
    await expect(stat(stateFile())).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await forkproof(['token', '--finish'])).toMatchObject({
      exit: 3,
      err: expect.stringContaining('claim_not_begun'),
    })
  })

  it.each(['', '{}', 'null', '{"source":"forkproof"}', '{"source":"github","audience":"x"}'])(
    'does not go on from a state file that holds %j',
    async content => {
      await writeFile(stateFile(), content)
      expect(await forkproof(['token', '--finish'])).toMatchObject({ exit: 3, out: '' })
    },
  )

  it('says when there is no place for its state', async () => {
    const result = await forkproof(['token', '--begin', '--issuer', await issuerThat()], { RUNNER_TEMP: '' })
    expect(result).toMatchObject({ exit: 3, err: expect.stringContaining('--state-file') })
  })

  it('keeps nothing when the claim is refused', async () => {
    const issuer = await issuerThat({ claim: () => jsonReply(403, { code: 'repository_not_served' }) })
    expect(await forkproof(['token', '--begin', '--issuer', issuer])).toMatchObject({ exit: 1, out: '' })
    expect(await readdir(harness.directory)).toEqual(['event.json'])
  })
})
