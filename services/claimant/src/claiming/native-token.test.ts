import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Audience } from '@forkproof/contracts/ids'
import { UnsecuredJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { nativeToken } from './native-token.ts'
import { FakeDeps } from './testing/fake-deps.ts'
import type { FakeReply } from './testing/fake-issuer.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function askGitHub(answer: (request: IncomingMessage, attempt: number) => FakeReply, timeoutMs = 10_000) {
  let attempt = 0
  const server = createServer((request, response) => {
    attempt += 1
    const { status, headers, body } = answer(request, attempt)
    response.writeHead(status, headers).end(body)
  }).listen(0, '127.0.0.1')
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const oidc = { requestUrl: `http://127.0.0.1:${port}/token?api-version=2.0`, requestToken: 'bearer-secret' }
  return nativeToken(oidc, Audience.parse('https://relying.example'), new FakeDeps(), timeoutMs)
}

const jwt = new UnsecuredJWT({ exp: 1_900_000_000 }).encode()

describe('GitHub’s own token', () => {
  it('is asked for with the bearer token and the audience, keeping the address’s own query', async () => {
    let seen: IncomingMessage | undefined
    const token = await askGitHub(request => {
      seen = request
      return { status: 200, body: JSON.stringify({ value: jwt }) }
    })
    expect(token).toEqual({ jwt, expiresAtSeconds: 1_900_000_000, proof: 'github' })
    expect(seen?.url).toBe('/token?api-version=2.0&audience=https%3A%2F%2Frelying.example')
    expect(seen?.headers.authorization).toBe('Bearer bearer-secret')
  })

  it('is asked for again after an error that passes', async () => {
    const token = await askGitHub((_, attempt) =>
      attempt < 3 ? { status: 503 } : { status: 200, body: JSON.stringify({ value: jwt }) },
    )
    expect(token.jwt).toBe(jwt)
  })

  it.each([401, 403, 404])('is given up at once at %i', async status => {
    await expect(askGitHub(() => ({ status }))).rejects.toMatchObject({ code: 'native_token_refused' })
  })

  it.each(['', 'null', '{}', '{"value":""}', '{"value":"not a token"}'])('is not %j', async body => {
    await expect(askGitHub(() => ({ status: 200, body }))).rejects.toMatchObject({ code: 'native_token_refused' })
  })

  it('is not fetched from where a redirect leads, which would get the bearer token', async () => {
    const answer = { status: 302, headers: { location: 'http://127.0.0.1:1/' } }
    await expect(askGitHub(() => answer)).rejects.toMatchObject({ code: 'redirected' })
  })

  it('names neither the bearer token nor the address when it fails', async () => {
    const error: unknown = await askGitHub(() => ({ status: 500 }), 200).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ kind: 'unavailable' })
    expect(JSON.stringify(error)).not.toMatch(/bearer-secret|api-version/)
  })
})
