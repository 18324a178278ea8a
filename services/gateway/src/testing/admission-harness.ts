import type { JWTPayload } from 'jose'
import type { GatewayConfig } from '../config.ts'
import {
  forkClaims,
  githubKey,
  jwksOf,
  ourKey,
  pushClaims,
  signToken,
  type TokenOptions,
} from './fake-token-issuers.ts'
import { gatewayHarness, issuer, operatorToken } from './gateway-harness.ts'

const githubIssuer = 'https://token.actions.githubusercontent.com'
export const forkRule = { eventClass: 'fork_pull_request', repositoryId: '456789' }
export const trustedRule = { eventClass: 'trusted', repositoryId: '456789' }
export const exchangeForm = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
}
const asOperator = { authorization: `Bearer ${operatorToken}` }

/** The test gateway among two issuers whose tokens it can verify. */
export async function admissionHarness(settings: Partial<GatewayConfig> = {}) {
  const harness = await gatewayHarness(settings)
  const { app, clock, source, fakes } = harness
  source.document = jwksOf(ourKey)
  const jwksUri = `${githubIssuer}/.well-known/jwks`
  const discovery = JSON.stringify({ issuer: githubIssuer, jwks_uri: jwksUri })
  fakes.documents.set(`${githubIssuer}/.well-known/openid-configuration`, discovery)
  fakes.documents.set(jwksUri, jwksOf(githubKey))

  const operate = (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    payload?: unknown,
    ifMatch?: string,
  ) =>
    app.inject({
      method,
      url,
      headers: { ...asOperator, ...json(payload), ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
      ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    })
  const createProject = async (...rules: object[]): Promise<{ id: string; etag: string; relationships: string[] }> => {
    const created = await operate('POST', '/v1/projects', { name: 'a project' })
    const { id } = created.json<{ id: string }>()
    let etag = String(created.headers.etag)
    const relationships: string[] = []
    for (const rule of rules) {
      const added = await operate('POST', `/v1/projects/${id}/relationships`, rule, etag)
      if (added.statusCode !== 201) throw new Error(added.body)
      etag = String(added.headers.etag)
      relationships.push(added.json<{ id: string }>().id)
    }
    return { id, etag, relationships }
  }
  const form = (url: string, fields: Record<string, string> | string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    })
  const exchangeFor = (subject_token: string, audience: string, more: Record<string, string> = {}) =>
    form('/oauth/token', { ...exchangeForm, subject_token, audience, ...more })
  const own = (claims: JWTPayload = {}, options: Partial<TokenOptions> = {}) => {
    const registered = { iss: issuer, aud: issuer, ...options.registered }
    return signToken({ ...forkClaims, ...claims }, { key: ourKey, nowMs: clock.now(), ...options, registered })
  }
  const github = (claims: JWTPayload = {}, options: Partial<TokenOptions> = {}) => {
    const registered = { iss: githubIssuer, aud: issuer, ...options.registered }
    return signToken({ ...pushClaims, ...claims }, { key: githubKey, nowMs: clock.now(), ...options, registered })
  }
  const explain = (payload: object, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/v1/trust:explain',
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(payload),
    })
  return { ...harness, operate, createProject, form, exchangeFor, own, github, explain, asOperator }
}
export type AdmissionHarness = Awaited<ReturnType<typeof admissionHarness>>

const json = (payload: unknown) => (payload === undefined ? {} : { 'content-type': 'application/json' })
