import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UnsecuredJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClaimClock } from '../claiming/claim-clock.ts'
import { runCli } from './run-cli.ts'

const jwt = new UnsecuredJWT({ exp: 1_900_000_000 }).encode()
const github = createServer((_, response) => response.end(JSON.stringify({ value: jwt })))
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'forkproof-steps-'))
  github.listen(0, '127.0.0.1')
  await once(github, 'listening')
})
afterEach(async () => {
  github.closeAllConnections()
  github.close()
  await rm(directory, { recursive: true, force: true })
})

async function step(args: readonly string[], native: 'native' | 'not native') {
  const address = github.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
  const oidc = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer' }
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_OUTPUT: path.join(directory, 'output'),
    RUNNER_TEMP: directory,
    ...(native === 'native' ? oidc : {}),
  }
  let out = ''
  let err = ''
  const exit = await runCli({
    argv: ['token', ...args],
    env,
    script: '',
    isInteractive: false,
    onSignal: () => () => undefined,
    version: '0',
    clock: systemClaimClock,
    random: () => 0,
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { exit, out, err }
}

describe('the two-step form where GitHub’s own OIDC is available', () => {
  const begin = ['--begin', '--issuer', 'https://proof.example', '--audience', 'https://relying.example']

  it('needs no code and ends with GitHub’s token, so that one workflow serves both kinds of run', async () => {
    expect(await step(begin, 'native')).toMatchObject({ exit: 0, out: 'not-needed\n' })
    expect(await readFile(path.join(directory, 'output'), 'utf8')).toBe('code=not-needed\n')
    const finished = await step(['--finish', '--json'], 'native')
    expect(finished.exit).toBe(0)
    expect(JSON.parse(finished.out)).toMatchObject({ token: jwt, source: 'github', proof: 'github' })
    expect(finished.err).toContain('for audience https://relying.example')
  })

  it('cannot finish elsewhere than it began', async () => {
    await step(begin, 'native')
    expect(await step(['--finish'], 'not native')).toMatchObject({ exit: 3, out: '' })
  })

  it('does not begin in a run that can neither claim nor ask GitHub', async () => {
    expect(await step(begin, 'not native')).toMatchObject({ exit: 3, err: expect.stringContaining('id-token: write') })
  })
})
