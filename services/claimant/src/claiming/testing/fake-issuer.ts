import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { challengeCode } from '@forkproof/contracts/challenge'
import { type ClaimAnswer, ClaimRequest, type SealKey } from '@forkproof/contracts/claim'
import { Audience, ChallengeNonce, ClaimId, Issuer } from '@forkproof/contracts/ids'
import { CompactEncrypt, calculateJwkThumbprint, importJWK, UnsecuredJWT } from 'jose'

/** An issuer that speaks the wire contract and can be told to misbehave. */
export interface FakeIssuer {
  readonly issuer: Issuer
  readonly port: number
  close(): Promise<void>
}

export interface FakeReply {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface FakeClaim {
  readonly request: ClaimRequest & { sealTo: SealKey }
  readonly answer: ClaimAnswer
  /** Resolves with the first `shown`. */
  readonly shown: Promise<void>
  /** The honest answer of the exchange, or one with other token claims, another key or another algorithm. */
  seal(changes?: { claims?: Record<string, unknown>; to?: SealKey; alg?: string }): Promise<FakeReply>
}

export interface FakeIssuerBehaviour {
  /** With it the issuer is `https://{host}`, which leads here only through a proxy. */
  readonly tls?: { readonly host: string; readonly key: string; readonly cert: string }
  /** Answer to the discovery document; by default there is none. It is not told to `onRequest`. */
  readonly discovery?: () => FakeReply | 'drop'
  /** `attempt` counts from 1. `drop` closes the connection without an answer. */
  readonly claim?: (claim: FakeClaim, attempt: number) => FakeReply | 'drop' | Promise<FakeReply | 'drop'>
  readonly exchange?: (claim: FakeClaim, attempt: number) => FakeReply | 'drop' | Promise<FakeReply | 'drop'>
}

export const jsonReply = (status: number, body: unknown, headers: Record<string, string> = {}): FakeReply => ({
  status,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})

export interface OtherRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly authorization: string | undefined
}

/**
 * `onRequest` sees every request before it is answered.
 * @param other answers what is not part of claiming; undefined leaves it to the issuer
 */
export async function startFakeIssuer(
  behaviour: FakeIssuerBehaviour = {},
  onRequest: (path: string, body: string) => void = () => undefined,
  other: (request: OtherRequest) => Promise<FakeReply | 'drop' | undefined> = () => Promise.resolve(undefined),
): Promise<FakeIssuer> {
  const claims = new Map<string, FakeClaim & { markShown: () => void; exchanges: number }>()
  let claimAttempts = 0
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => response.destroy())
  }
  const server = behaviour.tls ? createTlsServer(behaviour.tls, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address
  const issuer = Issuer.parse(behaviour.tls ? `https://${behaviour.tls.host}` : `http://127.0.0.1:${port}`)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    let body = ''
    for await (const chunk of request) body += chunk
    const reply = await answer(request, path, body)
    if (reply === 'drop') return void response.destroy()
    response.writeHead(reply.status, reply.headers).end(reply.body)
  }

  async function answer(request: IncomingMessage, path: string, body: string): Promise<FakeReply | 'drop'> {
    if (path.startsWith('/.well-known/')) return behaviour.discovery?.() ?? jsonReply(404, { code: 'not_found' })
    onRequest(path, body)
    const { method = '', headers } = request
    return (await other({ method, path, body, authorization: headers.authorization })) ?? route(path, body)
  }

  async function route(path: string, body: string): Promise<FakeReply | 'drop'> {
    if (path === '/claim') {
      const claim = await newClaim(issuer, body)
      claims.set(claim.answer.claimId, claim)
      claimAttempts += 1
      return (await behaviour.claim?.(claim, claimAttempts)) ?? jsonReply(200, claim.answer)
    }
    const [, kind, id, rest] = /^\/(exchange|claims)\/([^/]+)(\/shown)?$/.exec(path) ?? []
    const claim = claims.get(id ?? '')
    if (claim === undefined) return jsonReply(404, { code: 'claim_not_found' })
    if (kind === 'claims' && rest !== undefined) {
      claim.markShown()
      return { status: 204 }
    }
    claim.exchanges += 1
    if (behaviour.exchange) return behaviour.exchange(claim, claim.exchanges)
    // Like the real one: it polls a log all the time, and other channels after `shown`.
    if (!claim.answer.channels.includes('log')) await claim.shown
    return claim.seal()
  }

  return {
    issuer,
    port,
    /** Idempotent. */
    async close() {
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

async function newClaim(
  issuer: Issuer,
  body: string,
): Promise<FakeClaim & { markShown: () => void; exchanges: number }> {
  const { sealTo, ...request } = ClaimRequest.parse(JSON.parse(body))
  if (sealTo === undefined) throw new Error('our claimant always brings a key')
  const claimId = ClaimId.parse(await calculateJwkThumbprint(sealTo, 'sha256'))
  const nonce = ChallengeNonce.parse('abcdefghijklmnopqrstuv')
  const audience = request.aud ?? Audience.parse(issuer)
  const { promise: shown, resolve: markShown } = Promise.withResolvers<void>()
  const answer: ClaimAnswer = {
    challengeCode: await challengeCode({ issuer, audience, claimId, nonce }),
    exchangeURL: `${issuer}/exchange/${claimId}`,
    claimId,
    expiresAt: '2030-01-01T00:00:00.000Z',
    channels: request.channels ?? [],
    nonce,
  }
  const claims = { iss: issuer, aud: audience, run_id: request.runID, exp: 1_900_000_000, proof_method: 'log' }
  return {
    request: { ...request, sealTo },
    answer,
    shown,
    markShown,
    exchanges: 0,
    async seal(changes = {}) {
      const alg = changes.alg ?? 'ECDH-ES'
      const jwt = new UnsecuredJWT({ ...claims, ...changes.claims }).encode()
      const jwe = new CompactEncrypt(new TextEncoder().encode(jwt)).setProtectedHeader({ alg, enc: 'A256GCM' })
      const sealed = await jwe.encrypt(await importJWK(changes.to ?? sealTo, alg))
      return { status: 200, body: sealed, headers: { 'content-type': 'application/jose' } }
    },
  }
}
