import { describe, expect, it } from 'vitest'
import { type FakeGatewayBehaviour, fakeAccessToken, fakeProject } from '../building/testing/fake-gateway.ts'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import { failProgramsOn, programCalls } from '../clients/testing/fake-programs.ts'
import { cliHarness } from './testing/cli-harness.ts'

const harness = cliHarness()
const { start, forkproof, leftFolders } = harness

describe('forkproof build', () => {
  it('claims, is admitted, leases, runs buildctl on the builder and gives it back', async () => {
    const { exit, out, err } = await forkproof(
      ['build', '--', 'buildctl', 'build', '--progress', 'plain'],
      {},
      {
        FORKPROOF_ACCESS_TOKEN: '',
      },
    )
    expect({ exit, out }).toEqual({ exit: 0, out: 'buildctl printed\n' })
    expect(err).toMatch(/Waiting for OIDC auth challenge[\s\S]*Admitted to project[\s\S]*is ready after 12 ms/)
    expect(harness.gateway?.told()).toEqual(['exchange', 'POST build', 'GET build', 'finish success'])
    const [call] = await programCalls(harness.directory)
    expect(call?.args.join(' ')).toMatch(
      /^--addr tcp:\/\/127\.0\.0\.1:9 --tlsservername amd64\.builders\.test --tlscacert \S+ca\.pem --tlscert \S+cert\.pem --tlskey \S+key\.pem build --progress plain$/,
    )
    expect(call?.keys).toContain('-----BEGIN PRIVATE KEY-----')
    expect(await leftFolders()).toEqual([])
  })

  it('finishes the claim that an earlier step began, where no log is read', async () => {
    const discovery = () => jsonReply(200, { forkproof_channels: ['artifact', 'step-name'] })
    const channels: unknown[] = []
    const behaviour: FakeGatewayBehaviour = {
      discovery,
      claim: claim => {
        channels.push(claim.request.channels)
        return jsonReply(200, claim.answer)
      },
    }
    const noToken = { FORKPROOF_ACCESS_TOKEN: '' }
    const refused = await forkproof(['build', '--', 'tool'], behaviour, noToken)
    expect(refused).toMatchObject({ exit: 3, err: expect.stringMatching(/no_channel[\s\S]*Use the Action/) })
    const issuer = harness.gateway?.issuer ?? ''
    expect(await forkproof(['token', '--begin', '--issuer', issuer], behaviour, noToken)).toMatchObject({ exit: 0 })
    expect(await forkproof(['build', '--', 'tool'], behaviour, noToken)).toMatchObject({ exit: 0 })
    expect(channels).toEqual([['step-name']])
    expect(harness.gateway?.told()).toEqual(['exchange', 'POST build', 'GET build', 'finish success'])
  })

  it('masks the rights that it gets, and gives none of them to the command', async () => {
    const { err } = await forkproof(['build', '--', 'tool'], {}, { FORKPROOF_ACCESS_TOKEN: '' })
    expect(err.split('\n').filter(line => line.includes(fakeAccessToken))).toEqual([`::add-mask::${fakeAccessToken}`])
    const [call] = await programCalls(harness.directory)
    expect(call?.env).toMatchObject({ BUILDKIT_HOST: 'tcp://127.0.0.1:9', FORKPROOF_BUILDER_KEY: expect.any(String) })
    expect(JSON.stringify(call)).not.toMatch(/fpa_|fpb_|eyJ/)
  })

  it.each([
    ['docker buildx', ['docker', 'buildx']],
    ['a buildx of its own', ['buildx']],
  ])('makes a builder for %s in a configuration of its own', async (_, buildx) => {
    const platforms = ['--platform', 'linux/amd64,linux/arm64']
    expect(await forkproof(['build', '--', ...buildx, 'build', ...platforms, '.'])).toMatchObject({ exit: 0 })
    const calls = (await programCalls(harness.directory)).map(call => [call.program, ...call.args].join(' '))
    const name = buildx.join(' ')
    expect(calls[0]).toBe(`${name} version`)
    expect(calls[1]).toContain(`${name} create --name forkproof --node forkproof-amd64 --driver remote`)
    expect(calls[2]).toContain(`${name} create --append --name forkproof --node forkproof-arm64`)
    expect(calls[3]).toBe(`${name} build --platform linux/amd64,linux/arm64 .`)
    expect((await programCalls(harness.directory))[3]?.env).toMatchObject({ BUILDX_BUILDER: 'forkproof' })
    expect(harness.gateway?.builds[0]?.request.platforms).toEqual(['linux/amd64', 'linux/arm64'])
  })

  it('gives depot the right to build and leases nothing itself', async () => {
    const { exit } = await forkproof(['build', '--depot-url', 'http://127.0.0.1:9', '--', 'depot', 'build', '.'])
    expect(exit).toBe(0)
    const [call] = await programCalls(harness.directory)
    expect(call?.env).toMatchObject({
      DEPOT_TOKEN: fakeAccessToken,
      DEPOT_PROJECT_ID: fakeProject,
      DEPOT_API_URL: 'http://127.0.0.1:9',
      DEPOT_ERROR_TELEMETRY: '0',
    })
    expect(harness.gateway?.told()).toEqual([])
  })

  it('ends as the command ends, and says so to the gateway', async () => {
    expect(await forkproof(['build', '--', 'tool', 'exit=42'])).toMatchObject({ exit: 42 })
    expect(harness.gateway?.told().at(-1)).toBe('finish error')
  })

  it.each([
    ['is missing', 127, ['nowhere'], 'command not found'],
    ['may not be run', 126, ['./event.json'], 'permission denied'],
  ])('claims and leases nothing for a command that %s', async (_, exit, command, words) => {
    expect(await forkproof(['build', '--', ...command])).toMatchObject({ exit, err: expect.stringContaining(words) })
    expect(harness.gateway?.requests).toEqual([])
  })

  it('leases nothing where docker has no buildx', async () => {
    await failProgramsOn(harness.directory, 'buildx version')
    const result = await forkproof(['build', '--', 'docker', 'buildx', 'build', '.'])
    expect(result).toMatchObject({ exit: 3, err: expect.stringContaining('buildx_unusable') })
    expect(harness.gateway?.requests).toEqual([])
  })

  it('gives the builder back when its buildx builder cannot be made', async () => {
    await failProgramsOn(harness.directory, 'create')
    const result = await forkproof(['build', '--', 'buildx', 'build', '.'])
    expect(result).toMatchObject({ exit: 3, err: expect.not.stringContaining('::add-path') })
    expect(harness.gateway?.told().at(-1)).toBe('finish error')
    expect(await leftFolders()).toEqual([])
  })

  it.each([
    ['refused', { start: () => jsonReply(403, { code: 'platform_not_granted' }) }, 'platform_not_granted'],
    ['over at once', { read: () => jsonReply(404, { code: 'build_not_found' }) }, 'build_not_found'],
  ])('ends with 1 and the reason when the build is %s', async (_, behaviour, code) => {
    const { exit, err } = await forkproof(['build', '--', 'tool'], behaviour)
    expect(exit).toBe(1)
    expect(err).toContain(code)
    expect(await programCalls(harness.directory)).toEqual([])
    expect(await leftFolders()).toEqual([])
  })

  it('ends the command when the build is over at the service, and says why', async () => {
    const over: FakeGatewayBehaviour = {
      read: async (build, read) =>
        jsonReply(
          200,
          await build.state(read > 1 ? { phase: 'ended', outcome: 'refused', reason: 'run_not_in_progress' } : {}),
        ),
      health: async () => {
        await expect.poll(() => programCalls(harness.directory), { timeout: 20_000 }).toHaveLength(1)
        return jsonReply(409, { code: 'build_over' })
      },
    }
    const { exit, err } = await forkproof(['build', '--', 'tool', 'hang'], over)
    expect(exit).toBe(1)
    expect(err).toContain('The run is not in progress')
    expect((await programCalls(harness.directory)).at(-1)?.signal).toBe('SIGTERM')
  })

  it('says that the service ended the build where the command failed of it, before anybody was told', async () => {
    const canceled: FakeGatewayBehaviour = {
      read: async (build, read) =>
        jsonReply(200, await build.state(read > 1 ? { phase: 'ending', outcome: 'canceled' } : {})),
    }
    const { exit, err } = await forkproof(['build', '--', 'tool', 'exit=42'], canceled)
    expect(exit).toBe(1)
    expect(err).toContain('The build was ended by the service (canceled)')
  })

  it('says in its last line why the builder was lost, where the command failed of it', async () => {
    const lost = { phase: 'ended', outcome: 'failed', reason: 'builder_lost', lossReason: 'node_restarted' }
    const { exit, err } = await forkproof(['build', '--', 'tool', 'exit=42'], {
      read: async (build, read) => jsonReply(200, await build.state(read > 1 ? lost : {})),
    })
    expect(exit).toBe(1)
    expect(err.trimEnd().split('\n').at(-1)).toBe(
      'forkproof: The builder ended before its time: the builder’s node was started again, and no builder outlives that.',
    )
  })

  it('leaves no command behind when it is killed itself', async () => {
    const started = await start(['build', '--', 'tool', 'hang'])
    await expect.poll(async () => (await programCalls(harness.directory)).length, { timeout: 20_000 }).toBe(1)
    started.kill('SIGKILL')
    // Its output is at its end once nobody holds it any more: the command too is gone.
    expect((await started.done).exit).toBeNull()
    expect((await programCalls(harness.directory)).at(-1)?.signal).toBe('SIGTERM')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on, then cancels the build', async signal => {
    const started = await start(['build', '--', 'tool', 'hang'])
    await expect.poll(async () => (await programCalls(harness.directory)).length, { timeout: 20_000 }).toBe(1)
    started.kill(signal)
    expect((await started.done).exit).toBe(130)
    expect((await programCalls(harness.directory)).at(-1)?.signal).toBe(signal)
    expect(harness.gateway?.told().at(-1)).toBe('DELETE')
    expect(await leftFolders()).toEqual([])
  })

  it('cancels the build when it is interrupted while it waits for a builder', async () => {
    const started = await start(['build', '--', 'tool'], { read: () => new Promise(() => undefined) })
    await expect.poll(() => harness.gateway?.told().at(-1), { timeout: 20_000 }).toBe('GET build')
    started.kill('SIGTERM')
    expect(await started.done).toMatchObject({ exit: 143, out: '' })
    expect(harness.gateway?.told().at(-1)).toBe('DELETE')
    expect(await programCalls(harness.directory)).toEqual([])
  })

  it('ends at once when it is interrupted while it claims', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const exchange = () => {
      onAsked()
      return new Promise<never>(() => undefined)
    }
    const started = await start(['build', '--', 'tool'], { exchange }, { FORKPROOF_ACCESS_TOKEN: '' })
    await asked
    started.kill('SIGINT')
    expect((await started.done).exit).toBe(130)
    expect(harness.gateway?.builds).toEqual([])
  })

  it.each([
    ['no command', ['build']],
    ['no project', ['build', '--project', 'x', '--', 'tool']],
    ['a platform of another world', ['build', '--platform', 'plan9/386', '--', 'tool']],
    ['docker build', ['build', '--', 'docker', 'build', '.']],
    ['two platforms for buildctl', ['build', '--platform', 'linux/amd64,linux/arm64', '--', 'buildctl', 'build']],
    ['no time to wait', ['build', '--wait-seconds', '1', '--', 'tool']],
    ['endless building', ['build', '--max-minutes', '999', '--', 'tool']],
    ['an option of another command', ['build', '--print', 'json', '--', 'tool']],
    ['an unknown print', ['builder', '--print', 'yaml']],
    ['a result without an end', ['builder', '--result', 'success']],
    ['a project at the end', ['builder', '--end', '--project', fakeProject]],
  ])('is misuse with %s', async (_, args) => {
    const { exit, err } = await forkproof(args)
    expect(exit).toBe(2)
    expect(err).toContain('Usage:')
    expect(harness.gateway?.requests).toEqual([])
  })
})
