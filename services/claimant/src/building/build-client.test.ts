import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { FakeDeps } from '../claiming/testing/fake-deps.ts'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import { type BuildHandle, endBuild, reportHealth } from './build-client.ts'
import { hasHeldBuild, readHeldBuild, removeBuildFolder, writeHeldBuild } from './held-build.ts'
import { describeBuildEnd, keepBuildAlive } from './keep-alive.ts'
import { keepAliveUntilGone } from './keep-alive-process.ts'
import { startBuild } from './start-build.ts'
import {
  type FakeGateway,
  type FakeGatewayBehaviour,
  fakeAccessToken,
  startFakeGateway,
} from './testing/fake-gateway.ts'

/** Of a build that runs, at a gateway that behaves as told. */
async function onBuild<T>(
  behaviour: FakeGatewayBehaviour,
  use: (build: BuildHandle, gateway: FakeGateway) => Promise<T>,
) {
  const gateway = await startFakeGateway(behaviour)
  try {
    const { issuer } = gateway
    const options = { issuer, accessToken: fakeAccessToken, platforms: ['linux/amd64' as const] }
    const { started } = await startBuild(options, new FakeDeps(), AbortSignal.timeout(10_000))
    return await use({ issuer, buildId: started.buildId, buildToken: started.buildToken }, gateway)
  } finally {
    await gateway.close()
  }
}

const forever = () => new AbortController().signal
const ago = new Date(Date.now() - 1_000).toISOString()
const later = new Date(Date.now() + 60_000).toISOString()

describe('the health of a build', () => {
  it.each([
    ['alive', { status: 204 }],
    ['alive', jsonReply(200, {})],
    ['over', jsonReply(200, { cancelsAt: ago })],
    // The gateway's clock may be ahead of ours.
    ['over', jsonReply(200, { cancelsAt: later })],
    ['over', jsonReply(401, { code: 'build_token_invalid' })],
    ['over', jsonReply(404, { code: 'build_not_found' })],
    ['over', jsonReply(409, { code: 'build_over' })],
    ['unknown', jsonReply(429, {})],
    ['unknown', jsonReply(500, {})],
    ['unknown', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
    ['unknown', 'drop' as const],
  ])('is %s after the answer %j', async (health, answer) => {
    const seen = await onBuild({ health: () => answer }, build => reportHealth(build, forever()))
    expect(seen).toBe(health)
  })

  it('is told each ten seconds, whatever the gateway answers, until the build is over', async () => {
    const deps = new FakeDeps()
    const behaviour: FakeGatewayBehaviour = {
      health: ({ health }) =>
        health < 3 ? 'drop' : health < 5 ? jsonReply(503, {}) : jsonReply(409, { code: 'build_over' }),
    }
    expect(await onBuild(behaviour, build => keepBuildAlive(build, deps, forever()))).toBe('over')
    expect(deps.sleptMs).toEqual([10_000, 10_000, 10_000, 10_000])
  })

  it('is told no more once nobody wants it', async () => {
    const stop = new AbortController()
    const behaviour: FakeGatewayBehaviour = {
      health: () => {
        stop.abort()
        return { status: 204 }
      },
    }
    const outcome = await onBuild(behaviour, async (build, { builds }) => [
      await keepBuildAlive(build, new FakeDeps(), stop.signal),
      builds[0]?.health,
    ])
    expect(outcome).toEqual(['stopped', 1])
  })

  it.each([
    [{ phase: 'ended', outcome: 'refused', reason: 'run_not_in_progress' }, 'The run is not in progress.'],
    [{ phase: 'ended', outcome: 'time_up' }, 'The build was ended by the service (time_up).'],
    [
      { phase: 'ended', outcome: 'failed', reason: 'builder_lost', lossReason: 'out_of_memory' },
      'The builder ended before its time: the builder needed more memory than it may use and was killed.',
    ],
    [{ phase: 'ended', outcome: 'failed', reason: 'builder_lost' }, 'The builder ended before its time.'],
    [{ phase: 'active' }, 'The build is over at the service.'],
  ])('that is over has a reason: %j', async (changes, words) => {
    const read: FakeGatewayBehaviour['read'] = async build => jsonReply(200, await build.state(changes))
    expect(await onBuild({ read }, build => describeBuildEnd(build))).toBe(words)
  })

  it('that is over has no reason where the gateway gives none', async () => {
    expect(await onBuild({ read: () => 'drop' }, build => describeBuildEnd(build))).toBe(
      'The build is over at the service.',
    )
  })
})

describe('the end of a build', () => {
  it.each(['success', 'error', 'canceled'] as const)('is told with its result: %s', async result => {
    const outcome = await onBuild({}, async (build, { builds }) => [await endBuild(build, result), builds[0]?.ended])
    expect(outcome).toEqual([true, result])
  })

  it('is told again until the gateway knows', async () => {
    const end: FakeGatewayBehaviour['end'] = (_, attempt) =>
      attempt === 1 ? 'drop' : attempt === 2 ? jsonReply(503, {}) : { status: 204 }
    expect(await onBuild({ end }, build => endBuild(build, 'success'))).toBe(true)
  })

  it.each([404, 409, 410])('has come already when the gateway answers %i', async status => {
    expect(await onBuild({ end: () => jsonReply(status, {}) }, build => endBuild(build, 'success'))).toBe(true)
  })

  it('is not claimed to be known when the token is refused', async () => {
    expect(await onBuild({ end: () => jsonReply(401, {}) }, build => endBuild(build, 'success'))).toBe(false)
  })
})

describe('the record of a build', () => {
  async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), 'forkproof-record-'))
    try {
      return await use(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  it('is read as it was written, by its owner only', async () => {
    await inFolder(folder =>
      onBuild({}, async build => {
        await writeHeldBuild(folder, build, later)
        expect(await readHeldBuild(folder)).toEqual({ ...build, expiresAt: later })
        expect((await stat(path.join(folder, 'build.json'))).mode & 0o777).toBe(0o600)
      }),
    )
  })

  it('keeps the build alive as long as it is there', async () => {
    await inFolder(folder =>
      onBuild({}, async (build, { builds }) => {
        await writeHeldBuild(folder, build, later)
        const keeping = keepAliveUntilGone(folder, new FakeDeps())
        await expect.poll(() => builds[0]?.health).toBeGreaterThan(2)
        await removeBuildFolder(folder)
        await keeping
        expect(await hasHeldBuild(folder)).toBe(false)
      }),
    )
  })

  it('keeps no build alive beyond its time', async () => {
    await inFolder(folder =>
      onBuild({}, async build => {
        await writeHeldBuild(folder, build, ago)
        await expect(keepAliveUntilGone(folder, new FakeDeps())).resolves.toBeUndefined()
      }),
    )
  })

  it.each(['', 'null', '{}', '{"issuer":"http://evil.example"}', 'x'.repeat(5_000)])(
    'is none when the file holds %j',
    async content => {
      await inFolder(async folder => {
        await writeFile(path.join(folder, 'build.json'), content)
        expect(await readHeldBuild(folder)).toBeUndefined()
        await expect(keepAliveUntilGone(folder, new FakeDeps())).resolves.toBeUndefined()
      })
    },
  )
})
