import { randomBytes } from 'node:crypto'
import type { BuildAnswer, ReadyBuilder } from '@forkproof/contracts/build'
import { Platform } from '@forkproof/contracts/builder'
import { AccessToken, BuilderId, BuildId, BuildToken, NodeId, ProjectId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import {
  type FakeIssuer,
  type FakeIssuerBehaviour,
  type FakeReply,
  jsonReply,
  type OtherRequest,
  startFakeIssuer,
} from '../../claiming/testing/fake-issuer.ts'
import { type FakeAuthority, fakeAuthority } from './fake-authority.ts'

/** A gateway that claims, admits and builds, and can be told to misbehave. */
export interface FakeGateway extends FakeIssuer {
  readonly requests: readonly OtherRequest[]
  readonly builds: readonly FakeBuild[]
  /** The requests without health reports: `exchange`, `POST build`, `GET build`, `finish success`, `DELETE`. */
  told(): string[]
}

const StartBody = z.object({
  platforms: z.array(Platform),
  certificateRequests: z.record(z.string(), z.string()),
  maxMinutes: z.number().optional(),
})

export interface FakeBuild {
  readonly buildId: BuildId
  readonly buildToken: BuildToken
  readonly request: z.infer<typeof StartBody>
  readonly authority: FakeAuthority
  /** `success`, `error` or `canceled` once the client ended the build. */
  ended: string | undefined
  health: number
  reads: number
  /** The state with every builder ready, with these members changed. */
  state(changes?: object): Promise<object>
  platform(platform: Platform, changes?: object): Promise<object>
}

type FakeAnswer = FakeReply | 'drop'
export interface FakeGatewayBehaviour extends FakeIssuerBehaviour {
  readonly oauth?: (form: URLSearchParams, attempt: number) => FakeAnswer
  readonly start?: (build: FakeBuild, attempt: number) => FakeAnswer | Promise<FakeAnswer>
  /** `reads` counts from 1. */
  readonly read?: (build: FakeBuild, reads: number, version: number) => FakeAnswer | Promise<FakeAnswer>
  readonly health?: (build: FakeBuild) => FakeAnswer | Promise<FakeAnswer>
  readonly end?: (build: FakeBuild, attempt: number) => FakeAnswer
  /** Port of the builder. */
  readonly port?: number
}

export const fakeProject = ProjectId.parse(`prj_${'a'.repeat(16)}`)
export const fakeAccessToken = AccessToken.parse(`fpa_${'A'.repeat(46)}`)

export async function startFakeGateway(behaviour: FakeGatewayBehaviour = {}): Promise<FakeGateway> {
  const requests: OtherRequest[] = []
  const builds: FakeBuild[] = []
  const attempts = { oauth: 0, start: 0, end: 0 }

  async function answer(request: OtherRequest): Promise<FakeAnswer | undefined> {
    const { method, path, body, authorization } = request
    if (!path.startsWith('/oauth/') && !path.startsWith('/v1/')) return undefined
    requests.push(request)
    if (path === '/oauth/token') {
      attempts.oauth += 1
      return behaviour.oauth?.(new URLSearchParams(body), attempts.oauth) ?? issued()
    }
    if (path === '/v1/builds' && method === 'POST') {
      if (authorization !== `Bearer ${fakeAccessToken}`) return jsonReply(401, { code: 'access_token_invalid' })
      const build = await newBuild(StartBody.parse(JSON.parse(body)), behaviour.port ?? 9)
      builds.push(build)
      attempts.start += 1
      return (await behaviour.start?.(build, attempts.start)) ?? jsonReply(201, await startedBuildBody(build))
    }
    const [, id, rest = ''] = /^\/v1\/builds\/([^/?]+)(.*)$/.exec(path) ?? []
    const build = builds.find(one => one.buildId === id)
    if (build === undefined || authorization !== `Bearer ${build.buildToken}`) {
      return jsonReply(401, { code: 'build_token_invalid' })
    }
    return onBuild(build, method, rest, body)
  }

  async function onBuild(build: FakeBuild, method: string, rest: string, body: string): Promise<FakeAnswer> {
    if (method === 'GET') {
      build.reads += 1
      const version = Number(new URLSearchParams(rest).get('version'))
      return (await behaviour.read?.(build, build.reads, version)) ?? jsonReply(200, await build.state())
    }
    if (rest === '/health') {
      build.health += 1
      return (await behaviour.health?.(build)) ?? { status: 204 }
    }
    attempts.end += 1
    const reply = behaviour.end?.(build, attempts.end) ?? { status: 204 }
    if (reply !== 'drop' && reply.status < 300) {
      build.ended = method === 'DELETE' ? 'canceled' : z.object({ result: z.string() }).parse(JSON.parse(body)).result
    }
    return reply
  }

  const fake = await startFakeIssuer(behaviour, undefined, answer)
  return { ...fake, requests, builds, told: () => requests.map(named).filter(name => name !== 'health') }
}

const issued = (): FakeReply =>
  jsonReply(200, {
    access_token: fakeAccessToken,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3_600,
  })

const inTenMinutes = () => new Date(Date.now() + 600_000).toISOString()

/** The gateway's answer when a build begins; nothing is ready yet. */
export const startedBuildBody = async (build: FakeBuild): Promise<object> => ({
  buildId: build.buildId,
  buildToken: build.buildToken,
  expiresAt: inTenMinutes(),
  state: {
    buildId: build.buildId,
    version: 1,
    phase: 'active',
    expiresAt: inTenMinutes(),
    platforms: build.request.platforms.map(platform => ({ platform, state: 'requested' })),
  } satisfies BuildAnswer,
})

function named({ method, path, body }: OtherRequest): string {
  if (path === '/oauth/token') return 'exchange'
  if (path.endsWith('/health')) return 'health'
  if (path.endsWith('/finish')) return `finish ${z.object({ result: z.string() }).parse(JSON.parse(body)).result}`
  return method === 'DELETE' ? 'DELETE' : `${method} build`
}

async function newBuild(request: z.infer<typeof StartBody>, port: number): Promise<FakeBuild> {
  const authority = await fakeAuthority()
  const build: FakeBuild = {
    buildId: BuildId.parse(randomBytes(32).toString('base64url')),
    buildToken: BuildToken.parse(`fpb_${randomBytes(32).toString('base64url')}`),
    request,
    authority,
    ended: undefined,
    health: 0,
    reads: 0,
    async state(changes) {
      const platforms = await Promise.all(request.platforms.map(readyBuilder))
      const { buildId, reads } = build
      const answer: BuildAnswer = { buildId, version: reads + 1, phase: 'active', expiresAt: inTenMinutes(), platforms }
      return { ...answer, ...changes }
    },
    platform: async (platform, changes) => ({ ...(await readyBuilder(platform)), ...changes }),
  }
  const readyBuilder = async (platform: Platform): Promise<ReadyBuilder> => ({
    platform,
    state: 'ready',
    builderId: BuilderId.parse('baaaaaaaaaaa'),
    nodeId: NodeId.parse('node-1'),
    emulated: false,
    endpoint: `tcp://127.0.0.1:${port}`,
    serverName: `${platform.replace('linux/', '')}.builders.test`,
    caCertificate: authority.caCertificate,
    clientCertificate: await authority.sign(request.certificateRequests[platform] ?? ''),
    timings: { warm: true, leaseMs: 12.4, startMs: 0, canaryMs: 0 },
  })
  return build
}
