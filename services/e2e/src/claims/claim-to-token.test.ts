import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { claimWorkflowId } from '@forkproof/workflows/claims/api'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import {
  createForkRun,
  exchangeClaim,
  makeSealKey,
  postClaim,
  showAsArtifact,
  showInLog,
} from '../testing/claim-requests.ts'
import { everyChannel } from '../testing/every-channel.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({ extra: everyChannel })
})

/** A history as text with decoded payloads: what a reader of Temporal's store sees. */
const readable = (history: unknown): string =>
  JSON.stringify(history).replaceAll(/"data":"([A-Za-z0-9+/=]+)"/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  )

describe('a claim on the whole system', () => {
  it('gives an old client the token as text, which Go’s go-oidc verifies from the discovery document', async () => {
    const of = await createForkRun(harness.github)
    const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    const token = await exchangeClaim(answer.exchangeURL)
    expect(token.headers.get('content-type')).toMatch(/^text\/plain/)
    const input = { issuer: harness.issuer, audience: 'https://sts.example.dev', token: token.text }
    const verified = await verifyTokenWith(inject('programs').verifyToken, input, AbortSignal.timeout(20_000))
    expect(verified).toMatchObject({
      verified: true,
      claims: {
        repository: of.repository,
        head_repository: of.fork,
        run_id: String(of.run.id),
        pull_request_number: '1',
        proof_method: 'artifact',
      },
    })
    const stranger = { ...input, audience: 'https://other.example.dev' }
    expect(await verifyTokenWith(inject('programs').verifyToken, stranger, AbortSignal.timeout(20_000))).toMatchObject({
      verified: false,
    })
  })

  it('gives a claimant with its own key what only that key opens', async () => {
    const of = await createForkRun(harness.github)
    const key = await makeSealKey()
    const answer = await postClaim(harness.issuer, of, { sealTo: key.sealTo, channels: ['artifact'] })
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    const sealed = await exchangeClaim(answer.exchangeURL)
    expect(sealed.headers.get('content-type')).toBe('application/jose')
    expect(await key.open(sealed.text)).toMatchObject({ run_id: String(of.run.id) })
    await expect((await makeSealKey()).open(sealed.text)).rejects.toThrow()
  })

  it.each([
    [
      'log',
      async (of: Awaited<ReturnType<typeof createForkRun>>, answer: Awaited<ReturnType<typeof postClaim>>) =>
        showInLog(harness.github, of.run, answer),
    ],
    [
      'step-name',
      async (of: Awaited<ReturnType<typeof createForkRun>>, answer: Awaited<ReturnType<typeof postClaim>>) => {
        const name = `proof ${answer.challengeCode}`
        await harness.github.send('POST', `/_sim/jobs/${of.run.jobs[0]?.id}/steps`, { name, status: 'in_progress' })
      },
    ],
    [
      'job-log',
      async (of: Awaited<ReturnType<typeof createForkRun>>, answer: Awaited<ReturnType<typeof postClaim>>) => {
        await showInLog(harness.github, of.run, answer)
        await harness.github.send('PATCH', `/_sim/jobs/${of.run.jobs[0]?.id}`, {
          status: 'completed',
          conclusion: 'success',
        })
      },
    ],
  ])('is proven by the channel %s too, which binds the job', async (channel, show) => {
    const of = await createForkRun(harness.github, { jobs: 2 })
    const answer = await postClaim(harness.issuer, of, { channels: [channel] })
    await show(of, answer)
    await fetch(`${harness.issuer}/claims/${answer.claimId}/shown`, { method: 'POST' })
    const claims = decodeJwt((await exchangeClaim(answer.exchangeURL)).text)
    expect(claims).toMatchObject({ proof_method: channel, job_id: String(of.run.jobs[0]?.id) })
  })

  it('gives the same token however often it is asked', async () => {
    const of = await createForkRun(harness.github)
    const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    const tokens = await Promise.all([1, 2, 3].map(() => exchangeClaim(answer.exchangeURL)))
    expect(new Set(tokens.map(token => token.text)).size).toBe(1)
  })

  it('leaves a history without ticket and token', async () => {
    const of = await createForkRun(harness.github)
    const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    const token = await exchangeClaim(answer.exchangeURL)
    const handle = harness.temporal.workflow.getHandle(claimWorkflowId(answer.claimId))
    const history = readable(await handle.fetchHistory())
    expect(history.includes(answer.challengeCode)).toBe(true)
    // Compared as booleans, so that a failure does not print the whole history.
    expect(history.includes(answer.exchangeURL.slice(-43))).toBe(false)
    expect(history.includes(token.text.slice(-60))).toBe(false)
  })
})
