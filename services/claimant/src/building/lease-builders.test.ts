import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { FakeDeps } from '../claiming/testing/fake-deps.ts'
import { type FakeReply, jsonReply } from '../claiming/testing/fake-issuer.ts'
import { newBuilderKey } from './builder-key.ts'
import { fakeAuthority } from './testing/fake-authority.ts'
import { type FakeBuild, startedBuildBody } from './testing/fake-gateway.ts'
import { tryLease } from './testing/lease-harness.ts'

const never = () => new Promise<FakeReply>(() => undefined)

describe('a lease', () => {
  it('ends with files that reach the builder and that only their owner reads', async () => {
    const { told } = await tryLease(
      {},
      {
        async inspect(outcome) {
          if (outcome instanceof ClaimFailure) throw outcome
          const [builder] = outcome.builders
          expect(builder).toMatchObject({
            platform: 'linux/amd64',
            endpoint: 'tcp://127.0.0.1:9',
            serverName: 'amd64.builders.test',
          })
          for (const file of [builder?.caFile, builder?.certificateFile, builder?.keyFile]) {
            expect((await stat(file ?? '')).mode & 0o777).toBe(0o600)
          }
          expect((await stat(path.dirname(builder?.keyFile ?? ''))).mode & 0o777).toBe(0o700)
          expect(await readFile(builder?.keyFile ?? '', 'utf8')).toContain('BEGIN PRIVATE KEY')
        },
      },
    )
    expect(told).toEqual(['POST build', 'GET build'])
  })

  it('sends a request of its own for each platform and no private key', async () => {
    const { builds, requests, outcome } = await tryLease(
      {},
      { platforms: ['linux/amd64', 'linux/arm64'], maxMinutes: 7 },
    )
    expect(outcome).toHaveProperty('builders.length', 2)
    expect(builds[0]?.request).toMatchObject({ platforms: ['linux/amd64', 'linux/arm64'], maxMinutes: 7 })
    const { certificateRequests = {} } = builds[0]?.request ?? {}
    expect(new Set(Object.values(certificateRequests)).size).toBe(2)
    expect(requests.map(request => request.body).join()).not.toContain('PRIVATE KEY')
  })

  it('asks nothing more when the builder was ready at once', async () => {
    const { told } = await tryLease({
      start: async build => jsonReply(201, { ...(await startedBuildBody(build)), state: await build.state() }),
    })
    expect(told).toEqual(['POST build'])
  })

  it('says how it stands while it waits, each change once', async () => {
    const queued = (position: number) => [{ platform: 'linux/amd64', state: 'queued', position, estimateSeconds: 20.4 }]
    const { deps } = await tryLease({
      read: async (build, read) =>
        jsonReply(
          200,
          read < 5 ? await build.state({ platforms: queued([2, 2, 1, 0][read - 1] ?? 0) }) : await build.state(),
        ),
    })
    expect(deps.said.filter(line => line.includes('linux/amd64') && !line.startsWith('After'))).toEqual([
      'The builder for linux/amd64 is being started',
      'All builders for linux/amd64 are taken: waiting in line, position 2, about 21 s',
      'All builders for linux/amd64 are taken: waiting in line, position 1, about 21 s',
      'The builder for linux/amd64 is being started',
      'The builder for linux/amd64 is ready after 12 ms, kept warm',
    ])
  })

  it('reminds every few seconds and says that it lives while it waits', async () => {
    const deps = new FakeDeps()
    const { builds } = await tryLease(
      {
        read: async build => {
          await expect.poll(() => deps.said.filter(line => line.startsWith('After')).length).toBeGreaterThan(2)
          await expect.poll(() => build.health).toBeGreaterThan(1)
          return jsonReply(200, await build.state())
        },
      },
      { deps },
    )
    expect(builds[0]?.health).toBeGreaterThan(1)
    expect(deps.said).toContainEqual(
      expect.stringMatching(/^After \d+ s: The builder for linux\/amd64 is being started$/),
    )
  })

  it('survives broken connections, errors and a gateway that answers too soon', async () => {
    const { code, deps } = await tryLease({
      read: async (build, read) => {
        if (read === 1) return 'drop'
        if (read === 2) return jsonReply(503, { code: 'temporarily_unavailable' }, { 'retry-after': '2' })
        if (read < 6) return jsonReply(200, await build.state({ version: 1, platforms: [] }))
        return jsonReply(200, await build.state())
      },
    })
    expect(code).toBe('leased')
    expect(deps.sleptMs).toContain(2_000)
    // After each answer that changes nothing, but for those that took as long by themselves.
    expect(deps.sleptMs).toContain(200)
  })

  it('waits as long as a 429 asks, and begins again when the answer was lost', async () => {
    const { code, deps, builds } = await tryLease({
      start: async (build, attempt) => {
        if (attempt === 1) return jsonReply(429, { code: 'too_many_builds' }, { 'retry-after': '9' })
        return attempt === 2 ? 'drop' : jsonReply(201, await startedBuildBody(build))
      },
    })
    expect({ code, builds: builds.length }).toEqual({ code: 'leased', builds: 3 })
    expect(deps.sleptMs).toContain(9_000)
  })
})

describe('a lease that does not come about', () => {
  it.each([
    [401, 'access_token_invalid'],
    [403, 'platform_not_granted'],
    [403, 'run_not_in_progress'],
    [409, 'egress_unavailable'],
    [503, 'isolation_missing'],
  ])('is refused at once with %i %s, in our words and with advice', async (status, code) => {
    const { outcome, told } = await tryLease({ start: () => jsonReply(status, { code, title: 'x' }) })
    expect(outcome).toMatchObject({ kind: 'refused', code })
    expect(told).toEqual(['POST build'])
  })

  it('because one platform has no builder gives the other one back', async () => {
    const { outcome, told } = await tryLease(
      {
        read: async build => {
          const failed = {
            platform: 'linux/arm64',
            state: 'failed',
            reason: 'no_capacity',
            detail: 'line\n::add-path::x',
          }
          return jsonReply(200, await build.state({ platforms: [await build.platform('linux/amd64'), failed] }))
        },
      },
      { platforms: ['linux/amd64', 'linux/arm64'] },
    )
    expect(outcome).toMatchObject({ code: 'no_capacity', detail: expect.stringMatching(/^linux\/arm64: line/) })
    expect(outcome).toHaveProperty('detail', expect.not.stringMatching(/::|\n/))
    expect(told.at(-1)).toBe('DELETE')
  })

  it('because its only builder was lost says why', async () => {
    const failed = { platform: 'linux/amd64', state: 'failed', reason: 'builder_lost', lossReason: 'node_stopping' }
    const { outcome } = await tryLease({
      read: async build => jsonReply(200, await build.state({ platforms: [failed] })),
    })
    expect(outcome).toMatchObject({
      code: 'builder_lost',
      detail: 'linux/amd64: the builder’s node is being stopped',
    })
  })

  it.each([
    [{ phase: 'ended', outcome: 'refused', reason: 'run_not_in_progress' }, 'run_not_in_progress'],
    [{ phase: 'ending', outcome: 'failed', reason: 'builder_lost' }, 'builder_lost'],
    [{ phase: 'ended', outcome: 'time_up' }, 'build_over'],
    [{ phase: 'ended', outcome: 'client_gone', platforms: [] }, 'build_over'],
    [{ phase: 'ended', outcome: 'of the future ::x' }, 'build_over'],
  ])('because it is over says why: %j', async (changes, code) => {
    const { outcome } = await tryLease({ read: async build => jsonReply(200, await build.state(changes)) })
    expect(outcome).toMatchObject({ kind: 'refused', code })
    expect(outcome).toHaveProperty('message', expect.not.stringContaining('::'))
  })

  it.each([
    ['a shell’s words as address', { endpoint: 'tcp://h:1;id' }],
    ['an option as address', { endpoint: '--addr=x' }],
    ['a file as address', { endpoint: 'unix:///run/docker.sock' }],
    ['no port', { endpoint: 'tcp://builders.test' }],
    ['a server name with options', { serverName: 'a,cacert=/etc/passwd' }],
    ['an empty server name', { serverName: '' }],
    ['a certificate that is none', { clientCertificate: 'x' }],
    ['a private key as certificate', { caCertificate: newBuilderKey().privateKey }],
    [
      'an enormous certificate',
      { caCertificate: `-----BEGIN CERTIFICATE-----\n${'A'.repeat(9_000)}\n-----END CERTIFICATE-----\n` },
    ],
    ['an unknown state', { state: 'shiny' }],
    ['an unknown platform', { platform: 'linux/s390x' }],
  ])('because the answer has %s is not trusted, and ended', async (_, changes) => {
    const { outcome, told } = await tryLease({
      read: async build =>
        jsonReply(200, await build.state({ platforms: [await build.platform('linux/amd64', changes)] })),
    })
    expect(outcome).toMatchObject({ kind: 'untrusted', code: 'build_malformed' })
    expect(told.at(-1)).toBe('DELETE')
  })

  it.each([
    [
      'for another key',
      async (build: FakeBuild) => ({
        clientCertificate: await build.authority.sign(newBuilderKey().certificateRequest),
      }),
    ],
    ['of another authority', async () => ({ caCertificate: (await fakeAuthority()).caCertificate })],
  ])('because the certificate is %s is not used', async (_, changes) => {
    const { outcome, told } = await tryLease({
      read: async build =>
        jsonReply(200, await build.state({ platforms: [await build.platform('linux/amd64', await changes(build))] })),
    })
    expect(outcome).toMatchObject({ kind: 'untrusted', code: 'certificate_foreign' })
    expect(told.at(-1)).toBe('DELETE')
  })

  it.each(['', '[]', '{"buildId":"x"}', 'not json'])('because it begins with %j is not trusted', async body => {
    const { outcome } = await tryLease({ start: () => ({ status: 201, body }) })
    expect(outcome).toMatchObject({ kind: 'untrusted', code: 'build_malformed' })
  })

  it('in time is given back', async () => {
    const { outcome, told } = await tryLease({ read: never }, { waitMs: 300 })
    expect(outcome).toMatchObject({ kind: 'unavailable', code: 'timeout' })
    expect(told.at(-1)).toBe('DELETE')
  })

  it('because it is cancelled is given back at once', async () => {
    const cancel = new AbortController()
    const read = () => {
      cancel.abort()
      return never()
    }
    const { outcome, told } = await tryLease({ read }, { cancel: cancel.signal })
    expect(outcome).toMatchObject({ code: 'canceled' })
    expect(told).toEqual(['POST build', 'GET build', 'DELETE'])
  })
})
