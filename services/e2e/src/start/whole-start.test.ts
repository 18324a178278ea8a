import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SimulatedGithub } from '@forkproof/local/github/simulated-github'
import { assertPortsFree } from '@forkproof/local/processes/port-check'
import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { npmRun, npmStart, openStartHarness, type StartHarness, startMain } from '../testing/start-harness.ts'
import type { StartedProgram } from '../testing/started-program.ts'

const everythingRuns = 'Everything runs.'
const idle = 'Stop with Ctrl-C.'

/** What needs a port, and the setting that moves it. */
const portSettings = {
  gateway: 'FORKPROOF_GATEWAY_PORT',
  'GitHub simulator': 'FORKPROOF_SIMULATOR_PORT',
  Temporal: 'FORKPROOF_TEMPORAL_PORT',
  'Temporal UI': 'FORKPROOF_TEMPORAL_UI_PORT',
  NATS: 'FORKPROOF_NATS_PORT',
  'builders’ front door': 'FORKPROOF_PROVISIONER_PORT',
  'Depot-compatible API': 'FORKPROOF_GATEWAY_DEPOT_PORT',
}

const keyIds = async ({ issuer }: StartHarness): Promise<string[]> => {
  const response = await fetch(`${issuer}/.well-known/jwks`, { signal: AbortSignal.timeout(10_000) })
  const { keys }: { keys: { kid: string }[] } = JSON.parse(await response.text())
  return keys.map(({ kid }) => kid)
}

const expectNothingLeft = async ({ ports, stateFolder }: StartHarness, program: StartedProgram) => {
  expect(program.remains()).toEqual([])
  expect(existsSync(join(stateFolder, 'lock'))).toBe(false)
  await assertPortsFree(ports.map(port => ({ port, host: '127.0.0.1', purpose: 'left over', setting: 'none' })))
}

describe('npm start', () => {
  let harness: StartHarness
  let running: StartedProgram
  let firstKeyIds: string[]
  beforeAll(async () => {
    harness = await openStartHarness()
    running = startMain([], harness.settings)
    await running.shows(idle)
    firstKeyIds = await keyIds(harness)
  })

  it('shows the job in plain words and where to look, and goes on running', () => {
    const told = [
      /Gateway http:\/\/127\.0\.0\.1:\d+ · GitHub simulator .* · Temporal UI /,
      /● claimed after \d+ ms/,
      /● code shown as an artifact after \d+ ms/,
      /● seen by the verifier in channel (artifact|log), \d+ ms after/,
      /● token minted and opened in the run after \d+ ms/,
      /● the independent client found it valid/,
      /● builder ready after \d+ ms, its isolation checked from inside/,
      /RUN \["\/hello","hello"\]/,
      /● image sha256:[0-9a-f]{64} built after \d+ ms/,
      /▸ run completed: success/,
      /● builder destroyed in \d+ ms; its receipt says that nothing is left of it/,
      /Look at the claim and the build in the Temporal UI: http/,
    ]
    for (const line of told) expect(running.output).toMatch(line)
  })

  it('consists of ten processes or more, so that nothing left below means something', () => {
    // Temporal, NATS, six services, the watchdog, and itself.
    expect(running.remains().length).toBeGreaterThanOrEqual(10)
  })

  it('shows neither a token nor a ticket in any of its lines', () => {
    expect(running.output).toContain('Token received after')
    expect(running.output).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/)
    expect(running.output).not.toMatch(/\/exchange\/[A-Za-z0-9_-]{43}/)
  })

  it('serves others too: a token minted on request holds for Go’s go-oidc', async () => {
    const github = new SimulatedGithub(harness.githubApi)
    const of = await createForkRun(github)
    const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(github, harness.issuer, of.run, answer)
    const input = { issuer: harness.issuer, audience: 'https://sts.example.dev' }
    const { text: token } = await exchangeClaim(answer.exchangeURL)
    const verified = await verifyTokenWith(
      inject('programs').verifyToken,
      { ...input, token },
      AbortSignal.timeout(20_000),
    )
    expect(verified).toMatchObject({ verified: true, claims: { repository: of.repository } })
  })

  it('lets npm run keys and npm run issuance find it without settings of their own', async () => {
    const keys = await npmRun('keys', ['status'], harness.settings).exited
    expect(keys).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`${firstKeyIds[0]}  active`) })
    const issuance = await npmRun('issuance', ['verify'], harness.settings).exited
    expect(issuance).toMatchObject({ code: 0, stdout: expect.stringMatching(/^intact: [1-9]\d* entries, head /) })
    expect((await stat(join(harness.stateFolder, 'operator.env'))).mode & 0o777).toBe(0o600)
  })

  it('says why not, when it is started a second time in the same state folder', async () => {
    const other = await openStartHarness()
    const second = startMain([], { ...other.settings, FORKPROOF_STATE_FOLDER: harness.stateFolder })
    const { code, stderr } = await second.exited
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `already running as process ${running.pid} from ${harness.stateFolder}: stop that one, or start this one with another folder (FORKPROOF_STATE_FOLDER) and other ports\n`,
    })
    expect(second.remains()).toEqual([])
    expect(existsSync(join(harness.stateFolder, 'lock'))).toBe(true)
  })

  it('names each busy port, the process that has it and the setting that moves it, and starts nothing', async () => {
    const other = await openStartHarness()
    const second = startMain([], { ...harness.settings, FORKPROOF_STATE_FOLDER: other.stateFolder })
    const { code, stderr } = await second.exited
    expect(code).toBe(1)
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(Object.keys(portSettings).length)
    for (const [purpose, setting] of Object.entries(portSettings)) {
      const line = new RegExp(
        `^port \\d+ \\(${purpose}\\) is in use by process \\d+ \\(.+\\); choose another with ${setting}$`,
      )
      expect(lines).toContainEqual(expect.stringMatching(line))
    }
    expect(second.remains()).toEqual([])
    expect(existsSync(join(other.stateFolder, 'lock'))).toBe(false)
  })

  it('ends with 0 and leaves nothing, when it is stopped after the demo', async () => {
    running.signal('SIGINT', 'leader')
    expect((await running.exited).code).toBe(0)
    await expectNothingLeft(harness, running)
    // It held the passwords of a bus that is gone.
    expect(existsSync(join(harness.stateFolder, 'operator.env'))).toBe(false)
  })

  it('starts again from the same folder with the same keys, and --once --json ends with one JSON object', async () => {
    const again = npmStart(['--once', '--json'], harness.settings)
    await again.shows(everythingRuns)
    const secondKeyIds = await keyIds(harness)
    const { code, stdout } = await again.exited
    expect(code).toBe(0)
    expect(firstKeyIds).toHaveLength(1)
    expect(secondKeyIds).toEqual(firstKeyIds)
    // npm's own two lines come before it, and nothing else does.
    const lines = stdout.split('\n').filter(line => line !== '' && !line.startsWith('> '))
    expect(lines).toHaveLength(1)
    const whole = expect.toSatisfy((value: unknown) => Number.isInteger(value) && Number(value) >= 0)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      verdict: 'proven',
      channel: expect.stringMatching(/^(artifact|log)$/),
      token: expect.objectContaining({
        iss: harness.issuer,
        aud: harness.issuer,
        sub: expect.stringMatching(/^repo_id:\d+:fork_pull_request$/),
        event_name: 'pull_request',
      }),
      timings: { claimMs: whole, shownToTokenMs: whole, totalMs: whole },
      githubRequests: { counted: whole, notModified: whole },
      build: {
        id: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        platforms: ['linux/amd64'],
        builderReadyMs: whole,
        buildMs: whole,
        teardownMs: whole,
        leftovers: 0,
      },
    })
    await expectNothingLeft(harness, again)
  })
})

describe('npm start that cannot', () => {
  it.each([[['--onec']], [['once']], [['--once=yes']], [['--json', '--', 'x']], [['-o']]])(
    'says its usage for %j and touches nothing',
    async args => {
      const harness = await openStartHarness()
      const { code, stdout, stderr } = await startMain(args, harness.settings).exited
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^usage: npm start -- \[--once\] \[--json\] \[--no-install\]\n/)
      expect(existsSync(harness.stateFolder)).toBe(false)
    },
  )

  it('reports every bad setting at once and touches nothing', async () => {
    const harness = await openStartHarness()
    const bad = {
      FORKPROOF_GATEWAY_PORT: '70000',
      FORKPROOF_SIMULATOR_PORT: 'eighty',
      FORKPROOF_NATS_PORT: '0',
      FORKPROOF_TEMPORAL_PORT: '1.5',
    }
    const { code, stdout, stderr } = await startMain([], { ...harness.settings, ...bad }).exited
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    for (const name of Object.keys(bad)) expect(stderr).toContain(name)
    expect(stderr).not.toContain('FORKPROOF_TEMPORAL_UI_PORT')
    expect(existsSync(harness.stateFolder)).toBe(false)
  })

  it('lists the ways to get a program that is missing', async () => {
    const harness = await openStartHarness()
    const program = startMain([], { ...harness.settings, FORKPROOF_NATS_SERVER_PATH: '/nowhere/nats-server' })
    const { code, stderr } = await program.exited
    expect(code).toBe(1)
    expect(stderr).toContain('FORKPROOF_NATS_SERVER_PATH: /nowhere/nats-server')
    expect(stderr).toMatch(/One of these gets it:\n {2}1\. /)
    await expectNothingLeft(harness, program)
  })

  it('goes on to the token where no builder can be isolated, names what is missing, and ends with 1', async () => {
    const harness = await openStartHarness()
    // A path with a space is refused by the builders' driver, because of its mounts, and by nothing else.
    const spaced = { ...harness, stateFolder: join(harness.stateFolder, 'a folder') }
    const args = ['--once', '--json']
    const program = startMain(args, { ...harness.settings, FORKPROOF_STATE_FOLDER: spaced.stateFolder })
    const { code, stdout, stderr } = await program.exited
    expect(code).toBe(1)
    const missing = 'This machine cannot isolate a builder, so the job will end after its token. Missing:\n  - '
    expect(stderr).toContain(`${missing}a plainer path of the state folder: name a state folder`)
    expect(stderr).toContain('run completed: success')
    const token = expect.objectContaining({ iss: harness.issuer, event_name: 'pull_request' })
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'failed', token, build: null })
    await expectNothingLeft(spaced, program)
  })

  it('ends with 1 and a failed verdict, when a part is lost during the demo', async () => {
    const harness = await openStartHarness()
    const program = startMain(['--once', '--json'], harness.settings)
    await program.shows('Waiting for OIDC auth challenge')
    process.kill(await program.runs('github-simulator/src/main.ts'), 'SIGKILL')
    const { code, stdout, stderr } = await program.exited
    expect(code).toBe(1)
    expect(stderr).toContain('! github-simulator ended by itself (signal SIGKILL)')
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'failed', channel: null, token: null, build: null })
    await expectNothingLeft(harness, program)
  })
})
