import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClaimAnswer } from '@forkproof/contracts/claim'
import type { SimulatedGithub, SimulatedRun } from '@forkproof/local/github/simulated-github'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import { z } from 'zod'
import { createForkRun, exchangeClaim, type HttpAnswer, postClaim, showAsArtifact } from './claim-requests.ts'

/** The parts of a running system that clients and operators use. */
interface BuildHarness {
  readonly issuer: string
  readonly system: LocalSystem
  readonly github: SimulatedGithub
}

const requestMsMax = 40_000
const readyMsMax = 60_000

/** Sends a request to the gateway, with a bearer token if given. */
export async function askGateway(
  url: string,
  options: { method?: string; bearer?: string; body?: unknown; headers?: Record<string, string> },
): Promise<HttpAnswer> {
  const { method = 'GET', bearer, body, headers } = options
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(requestMsMax),
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Sends a request with the operator's token. @throws for any status but 2xx */
export async function askAsOperator(
  harness: BuildHarness,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const bearer = harness.system.operatorToken.reveal()
  const headers: Record<string, string> = method === 'POST' ? { 'if-match': '*' } : {}
  const answer = await askGateway(harness.issuer + path, { method, bearer, body, headers })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.text === '' ? undefined : JSON.parse(answer.text)
}

const Id = z.object({ id: z.string() })

/** Creates a project with one trust relationship per rule. Rules name repositories by their full name. */
export async function createProject(
  harness: BuildHarness,
  rules: readonly { repository: string; [member: string]: unknown }[],
): Promise<string> {
  const { id } = Id.parse(
    await askAsOperator(harness, 'POST', '/v1/projects', { name: `project ${crypto.randomUUID().slice(0, 8)}` }),
  )
  for (const { repository, ...rule } of rules) {
    const repositoryId = await harness.github.repositoryId(repository)
    const { etag } = await revisionOf(harness, id)
    const answer = await askGateway(`${harness.issuer}/v1/projects/${id}/relationships`, {
      method: 'POST',
      bearer: harness.system.operatorToken.reveal(),
      body: { ...rule, repositoryId },
      headers: { 'if-match': etag },
    })
    if (answer.status !== 201) throw new Error(`relationship: ${answer.status} ${answer.text}`)
  }
  return id
}

export async function revisionOf(harness: BuildHarness, projectId: string): Promise<{ etag: string }> {
  const bearer = harness.system.operatorToken.reveal()
  const answer = await askGateway(`${harness.issuer}/v1/projects/${projectId}`, { bearer })
  return { etag: answer.headers.get('etag') ?? '' }
}

/** A fork's run in progress with the ID token that it got for its shown code. */
export async function forkRunWithToken(harness: BuildHarness) {
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'], aud: harness.issuer })
  const shownAt = performance.now()
  const idToken = await showAndExchange(harness, of.run, answer)
  return { ...of, idToken, visibleToTokenMs: performance.now() - shownAt }
}

/** Gets another token of a run. */
export async function forkToken(
  harness: BuildHarness,
  of: { repository: string; run: SimulatedRun },
  aud: string = harness.issuer,
): Promise<string> {
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'], aud })
  return showAndExchange(harness, of.run, answer)
}

async function showAndExchange(harness: BuildHarness, run: SimulatedRun, answer: ClaimAnswer): Promise<string> {
  await showAsArtifact(harness.github, harness.issuer, run, answer)
  const token = await exchangeClaim(answer.exchangeURL)
  if (token.status !== 200) throw new Error(`exchange: ${token.status} ${token.text}`)
  return token.text
}

/** A push run in progress in the repository. */
export async function trustedRun(harness: BuildHarness, repository: string): Promise<SimulatedRun> {
  const job = { name: 'build', status: 'in_progress', steps: [{ name: 'Build', status: 'in_progress' }] }
  return harness.github.createRun(repository, { event: 'push', status: 'in_progress', jobs: [job] })
}

/** The ID token that GitHub issues to a trusted job. */
export async function trustedToken(harness: BuildHarness, run: SimulatedRun, audience: string = harness.issuer) {
  const answer = await harness.github.send('POST', `/_sim/jobs/${run.jobs[0]?.id}/id-token`, { audience })
  return z.object({ value: z.string() }).parse(answer).value
}

/** Exchanges an ID token for an access token (RFC 8693). */
export function exchangeToken(harness: BuildHarness, idToken: string, projectId: string): Promise<HttpAnswer> {
  return postForm(`${harness.issuer}/oauth/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: projectId,
  })
}

export async function postForm(url: string, fields: Record<string, string>, bearer?: string): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    signal: AbortSignal.timeout(requestMsMax),
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    body: new URLSearchParams(fields),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** @throws when the run is not admitted */
export async function getAccessToken(harness: BuildHarness, idToken: string, projectId: string): Promise<string> {
  const answer = await exchangeToken(harness, idToken, projectId)
  if (answer.status !== 200) throw new Error(`token exchange: ${answer.status} ${answer.text}`)
  return z.object({ access_token: z.string() }).parse(JSON.parse(answer.text)).access_token
}

const ReadyPlatform = z.object({
  platform: z.string(),
  state: z.string(),
  reason: z.string().optional(),
  builderId: z.string().optional(),
  endpoint: z.string().optional(),
  serverName: z.string().optional(),
  caCertificate: z.string().optional(),
  clientCertificate: z.string().optional(),
  clientKey: z.string().optional(),
  emulated: z.boolean().optional(),
  timings: z.object({ warm: z.boolean(), leaseMs: z.number() }).optional(),
  receipt: z
    .object({ leftovers: z.array(z.string()), teardownMs: z.number(), during: z.record(z.string(), z.number()) })
    .optional(),
})
const State = z.object({
  buildId: z.string(),
  version: z.number(),
  phase: z.enum(['confirming', 'active', 'ending', 'ended']),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  platforms: z.array(ReadyPlatform),
})
export type ReadBuildState = z.infer<typeof State>
const Started = z.object({ buildId: z.string(), buildToken: z.string(), state: State })
export type PostedBuild = z.infer<typeof Started>

export async function postBuild(
  harness: BuildHarness,
  bearer: string,
  body: Record<string, unknown> = { platforms: ['linux/amd64'] },
): Promise<PostedBuild> {
  const answer = await askGateway(`${harness.issuer}/v1/builds`, { method: 'POST', bearer, body })
  if (answer.status !== 201) throw new Error(`build: ${answer.status} ${answer.text}`)
  return Started.parse(JSON.parse(answer.text))
}

/** Reads the state by long polls, as clients do, until it fits. @throws after `msMax` */
export async function buildState(
  harness: BuildHarness,
  build: PostedBuild,
  fits: (state: ReadBuildState) => boolean,
  msMax: number = readyMsMax,
): Promise<ReadBuildState> {
  const deadline = Date.now() + msMax
  for (let version = 0; ; ) {
    const url = `${harness.issuer}/v1/builds/${build.buildId}?version=${version}`
    const answer = await askGateway(url, { bearer: build.buildToken })
    if (answer.status === 200) {
      const state = State.parse(JSON.parse(answer.text))
      if (fits(state)) return state
      version = state.version
    } else if (answer.status !== 503) throw new Error(`build state: ${answer.status} ${answer.text}`)
    if (Date.now() > deadline) throw new Error(`not within ${msMax} ms; last: ${answer.text}`)
  }
}

export const isReady = (state: ReadBuildState): boolean => state.platforms.every(one => one.state === 'ready')
export const hasEnded = (state: ReadBuildState): boolean => state.phase === 'ended'
export const isSettled = (state: ReadBuildState): boolean => isReady(state) || hasEnded(state)

export const finishBuild = (harness: BuildHarness, build: PostedBuild, result = 'success') =>
  askGateway(`${harness.issuer}/v1/builds/${build.buildId}/finish`, {
    method: 'POST',
    bearer: build.buildToken,
    body: { result },
  })

/** Writes certificates and key of a ready builder to files. */
export async function writeCredentials(state: ReadBuildState, below: string, platform = 'linux/amd64') {
  const ready = state.platforms.find(one => one.platform === platform)
  if (ready?.state !== 'ready') throw new Error(`no builder is ready: ${JSON.stringify(state)}`)
  const folder = await mkdtemp(join(below, 'credentials-'))
  const file = async (name: string, text: string | undefined) => {
    await writeFile(join(folder, name), text ?? '', { mode: 0o600 })
    return join(folder, name)
  }
  return {
    endpoint: ready.endpoint ?? '',
    serverName: ready.serverName ?? '',
    ca: await file('ca.pem', ready.caCertificate),
    certificate: await file('cert.pem', ready.clientCertificate),
    key: await file('key.pem', ready.clientKey),
  }
}
export type BuilderCredentials = Awaited<ReturnType<typeof writeCredentials>>
