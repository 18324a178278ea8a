import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { claimWorkflowId } from '@forkproof/workflows/claims/api'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { claim, exchange, forkRun, ownKey, showAsArtifact, showInLog } from '../testing/claims.ts'
import { openSystem, type TestSystem } from '../testing/system-harness.ts'

let world: TestSystem
beforeAll(async () => {
  world = await openSystem()
})

/** A history as text, its payloads decoded: what somebody sees who reads Temporal's store. */
const readable = (history: unknown): string =>
  JSON.stringify(history).replaceAll(/"data":"([A-Za-z0-9+/=]+)"/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  )

describe('a claim on the whole system', () => {
  it('gives an old client the token as text, which Go’s go-oidc verifies from the discovery document', async () => {
    const of = await forkRun(world.github)
    const answer = await claim(world.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(world.github, world.issuer, of.run, answer)
    const token = await exchange(answer.exchangeURL)
    expect(token.headers.get('content-type')).toMatch(/^text\/plain/)
    const input = { issuer: world.issuer, audience: 'https://sts.example.dev', token: token.text }
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
    const of = await forkRun(world.github)
    const key = await ownKey()
    const answer = await claim(world.issuer, of, { sealTo: key.sealTo, channels: ['artifact'] })
    await showAsArtifact(world.github, world.issuer, of.run, answer)
    const sealed = await exchange(answer.exchangeURL)
    expect(sealed.headers.get('content-type')).toBe('application/jose')
    expect(await key.open(sealed.text)).toMatchObject({ run_id: String(of.run.id) })
    await expect((await ownKey()).open(sealed.text)).rejects.toThrow()
  })

  it.each([
    [
      'log',
      async (of: Awaited<ReturnType<typeof forkRun>>, answer: Awaited<ReturnType<typeof claim>>) =>
        showInLog(world.github, of.run, answer),
    ],
    [
      'step-name',
      async (of: Awaited<ReturnType<typeof forkRun>>, answer: Awaited<ReturnType<typeof claim>>) => {
        const name = `proof ${answer.challengeCode}`
        await world.github.send('POST', `/_sim/jobs/${of.run.jobs[0]?.id}/steps`, { name, status: 'in_progress' })
      },
    ],
    [
      'job-log',
      async (of: Awaited<ReturnType<typeof forkRun>>, answer: Awaited<ReturnType<typeof claim>>) => {
        await showInLog(world.github, of.run, answer)
        await world.github.send('PATCH', `/_sim/jobs/${of.run.jobs[0]?.id}`, {
          status: 'completed',
          conclusion: 'success',
        })
      },
    ],
  ])('is proven by the channel %s too, which binds the job', async (channel, show) => {
    const of = await forkRun(world.github, { jobs: 2 })
    const answer = await claim(world.issuer, of, { channels: [channel] })
    await show(of, answer)
    await fetch(`${world.issuer}/claims/${answer.claimId}/shown`, { method: 'POST' })
    const claims = decodeJwt((await exchange(answer.exchangeURL)).text)
    expect(claims).toMatchObject({ proof_method: channel, job_id: String(of.run.jobs[0]?.id) })
  })

  it('gives the same token however often it is asked', async () => {
    const of = await forkRun(world.github)
    const answer = await claim(world.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(world.github, world.issuer, of.run, answer)
    const tokens = await Promise.all([1, 2, 3].map(() => exchange(answer.exchangeURL)))
    expect(new Set(tokens.map(token => token.text)).size).toBe(1)
  })

  it('leaves a history without ticket and token', async () => {
    const of = await forkRun(world.github)
    const answer = await claim(world.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(world.github, world.issuer, of.run, answer)
    const token = await exchange(answer.exchangeURL)
    const handle = world.temporal.workflow.getHandle(claimWorkflowId(answer.claimId))
    const history = readable(await handle.fetchHistory())
    expect(history.includes(answer.challengeCode)).toBe(true)
    // Booleans, so that a failure prints no whole history.
    expect(history.includes(answer.exchangeURL.slice(-43))).toBe(false)
    expect(history.includes(token.text.slice(-60))).toBe(false)
  })
})
