import { challengeSentence } from '@forkproof/contracts/challenge'
import type { ClaimAnswer } from '@forkproof/contracts/claim'
import type { SimulatedGithub, SimulatedRun } from '@forkproof/local/github/simulated-github'
import { compactDecrypt, decodeJwt, exportJWK, generateKeyPair, type JWTPayload } from 'jose'

const requestMsMax = 40_000
const claimMsMax = 30_000

export interface TestForkRun {
  /** `owner/name` of the base repository. */
  readonly repository: string
  /** `owner/name` of the fork. */
  readonly fork: string
  readonly pullRequest: number
  readonly run: SimulatedRun
}

/**
 * A fork's pull request run that is in progress, as the API shows it; nothing is executed.
 * Each call makes other repositories.
 */
export async function createForkRun(
  github: SimulatedGithub,
  change: { jobs?: number; run?: Record<string, unknown> } = {},
): Promise<TestForkRun> {
  const tag = crypto.randomUUID().slice(0, 8)
  const made = await github.createForkPullRequest({ owner: 'octo-org', name: `repo-${tag}`, forkOwner: `fork-${tag}` })
  const job = (index: number) => ({
    name: `build (${index})`,
    status: 'in_progress',
    steps: [
      { name: 'Set up job', status: 'completed', conclusion: 'success' },
      { name: 'Claim', status: 'in_progress' },
    ],
  })
  const jobs = Array.from({ length: change.jobs ?? 1 }, (_, index) => job(index))
  const body = { pullRequest: made.pullRequest, event: 'pull_request', status: 'in_progress', jobs, ...change.run }
  return { ...made, run: await github.createRun(made.repository, body) }
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export async function postJson(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(requestMsMax),
    ...(body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/**
 * Claims as an old client does: without a key of its own, so the answer's URL holds the ticket.
 * @throws when the answer is not 200 and stays so
 */
export async function postClaim(
  issuer: string,
  of: { repository: string; run: { id: number } },
  change: Record<string, unknown> = {},
): Promise<ClaimAnswer> {
  const body = {
    eventName: 'pull_request',
    repo: of.repository,
    runID: String(of.run.id),
    aud: 'https://sts.example.dev',
    ...change,
  }
  const deadline = Date.now() + claimMsMax
  for (;;) {
    const answer = await postJson(`${issuer}/claim`, body)
    if (answer.status === 200) return JSON.parse(answer.text)
    // The machine is busy: ask again, as claimants do. With an own key the first try may have counted.
    const isBusy = answer.status === 503 && !('sealTo' in change) && Date.now() < deadline
    if (!isBusy) throw new Error(`claim: ${answer.status} ${answer.text}`)
  }
}

/** Shows the code as an artifact of the run and tells the gateway. */
export async function showAsArtifact(
  github: SimulatedGithub,
  issuer: string,
  run: { id: number },
  answer: ClaimAnswer,
): Promise<void> {
  await github.send('POST', `/_sim/runs/${run.id}/artifacts`, { name: answer.challengeCode })
  await postJson(`${issuer}/claims/${answer.claimId}/shown`)
}

/** Prints the client's sentence in the run's first job. */
export async function showInLog(
  github: SimulatedGithub,
  run: SimulatedRun,
  answer: ClaimAnswer,
  jobIndex = 0,
): Promise<void> {
  const job = run.jobs[jobIndex]
  await github.send('POST', `/_sim/jobs/${job?.id}/log`, { step: 2, lines: [challengeSentence(answer.challengeCode)] })
}

/** Asks until the claim is decided, as clients do. The gateway holds each request. */
export async function exchangeClaim(url: string, timeoutMs = 60_000): Promise<HttpAnswer> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await postJson(url)
    const pending = answer.status === 202 || answer.status === 503
    if (!pending || Date.now() > deadline) return answer
  }
}

/** A claimant's own key: what to claim with, and how to open the answer. */
export async function makeSealKey(): Promise<{
  sealTo: Record<string, unknown>
  open: (jwe: string) => Promise<JWTPayload>
}> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
  const { kty, crv, x } = await exportJWK(publicKey)
  const open = async (jwe: string) =>
    decodeJwt(new TextDecoder().decode((await compactDecrypt(jwe, privateKey)).plaintext))
  return { sealTo: { kty, crv, x }, open }
}

/** The stable code of a problem answer (RFC 9457). */
export const problemCode = (answer: HttpAnswer): string => JSON.parse(answer.text).code
