import { Audience, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { FakeDeps, onlyClaimFailures } from '../claiming/testing/fake-deps.ts'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import type { RunEnvironment } from '../environment/run-environment.ts'
import { obtainAccess } from './obtain-access.ts'
import { type FakeGatewayBehaviour, fakeAccessToken, fakeProject, startFakeGateway } from './testing/fake-gateway.ts'

const fork: RunEnvironment = {
  kind: 'claim',
  run: {
    repository: RepositoryName.parse('acme/widgets'),
    headRepository: RepositoryName.parse('contributor/widgets'),
    runId: RunId.parse('4711'),
    attempt: RunAttempt.parse('1'),
  },
}
const elsewhere: RunEnvironment = { kind: 'cannot', reason: 'not_in_actions' }
const idToken = (expiresInSeconds: number) =>
  new UnsecuredJWT({}).setExpirationTime(Math.floor(Date.now() / 1_000) + expiresInSeconds).encode()

async function tryAccess(
  given: { accessToken?: string; idToken?: string },
  where: RunEnvironment,
  behaviour: FakeGatewayBehaviour = {},
) {
  const gateway = await startFakeGateway(behaviour)
  const deps = new FakeDeps()
  const secrets: string[] = []
  const options = {
    issuer: gateway.issuer,
    audience: Audience.parse('https://relying.example'),
    place: 'one step' as const,
    channels: ['log' as const],
    timeoutMs: 10_000,
    projectId: fakeProject,
    given: { accessToken: given.accessToken, idToken: given.idToken },
  }
  try {
    const outcome = await obtainAccess(where, options, deps, secret => secrets.push(secret)).catch(onlyClaimFailures)
    const claimed = deps.said.some(line => line.startsWith('Claim '))
    return { outcome, claimed, secrets, exchanged: gateway.requests.map(request => new URLSearchParams(request.body)) }
  } finally {
    await gateway.close()
  }
}

const used = () => jsonReply(400, { error: 'invalid_request', error_uri: 'urn:forkproof:error:id_token_used' })

describe('the right to build', () => {
  it('is the access token that an earlier step got, where there is one', async () => {
    const { outcome, exchanged } = await tryAccess({ accessToken: fakeAccessToken, idToken: idToken(300) }, elsewhere)
    expect({ outcome, exchanged }).toEqual({ outcome: fakeAccessToken, exchanged: [] })
  })

  it('comes from the ID token that an earlier step claimed, also outside of Actions', async () => {
    const { outcome, claimed, exchanged } = await tryAccess({ idToken: idToken(300) }, elsewhere)
    expect({ outcome, claimed }).toEqual({ outcome: fakeAccessToken, claimed: false })
    expect(exchanged).toHaveLength(1)
  })

  it('is claimed where nothing is there, and every secret is told before it is used', async () => {
    const { outcome, claimed, secrets } = await tryAccess({}, fork)
    expect({ outcome, claimed }).toEqual({ outcome: fakeAccessToken, claimed: true })
    expect(secrets).toEqual([expect.stringMatching(/^eyJ/), fakeAccessToken])
  })

  it.each([
    ['has expired', -1, {}],
    ['is about to expire', 5, {}],
    ['was used before', 300, { oauth: (_: URLSearchParams, attempt: number) => (attempt === 1 ? used() : fresh()) }],
  ])('is claimed afresh where the ID token of an earlier step %s', async (_, seconds, behaviour) => {
    const { outcome, claimed } = await tryAccess({ idToken: idToken(seconds) }, fork, behaviour)
    expect({ outcome, claimed }).toEqual({ outcome: fakeAccessToken, claimed: true })
  })

  it('is not there where the ID token was used and no other can be had', async () => {
    const { outcome } = await tryAccess({ idToken: idToken(300) }, elsewhere, { oauth: used })
    expect(outcome).toMatchObject({ code: 'id_token_used', advice: expect.stringContaining('fresh') })
  })

  it('is not claimed anew when the project refuses the run', async () => {
    const oauth = () => jsonReply(400, { error: 'invalid_request', error_uri: 'urn:forkproof:error:not_admitted' })
    const { outcome, claimed } = await tryAccess({ idToken: idToken(300) }, fork, { oauth })
    expect(outcome).toMatchObject({ code: 'not_admitted' })
    expect(claimed).toBe(false)
  })

  it('is not there outside of Actions, with nothing given', async () => {
    expect((await tryAccess({}, elsewhere)).outcome).toMatchObject({ kind: 'cannot', code: 'not_in_actions' })
  })

  it('is not sent anywhere when it is no access token', async () => {
    const { outcome, exchanged } = await tryAccess({ accessToken: 'ghp_something' }, fork)
    expect(outcome).toMatchObject({ code: 'access_token_invalid' })
    expect(exchanged).toEqual([])
  })
})

function fresh() {
  return jsonReply(200, { access_token: fakeAccessToken, token_type: 'Bearer' })
}
