import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { errorAnswer, type RestAnswer } from '../rest/rest-answer.ts'
import type { SimulatorState } from '../simulator-state.ts'
import type { StoredApp } from './github-apps.ts'

const lifetimeSecondsMax = 600

/**
 * The App whose JWT this is, or the answer that refuses it. The messages are GitHub's, as reported in
 * octokit/auth-app.js#698, sigmavirus24/github3.py#1050 and actions/create-github-app-token#178.
 */
export async function authenticateApp(
  state: SimulatorState,
  authorization: string | undefined,
): Promise<StoredApp | RestAnswer> {
  const jwt = /^(?:bearer|token) (\S+)$/i.exec(authorization?.trim() ?? '')?.[1]
  const claims = jwt === undefined ? undefined : readClaims(jwt)
  if (jwt === undefined || claims === undefined) return errorAnswer(401, 'A JSON web token could not be decoded')
  const now = Math.floor(state.store.now() / 1_000)
  const { exp, iat, iss } = claims
  if (typeof exp !== 'number' || exp <= now) {
    const message =
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
    return errorAnswer(401, message)
  }
  if (exp > now + lifetimeSecondsMax) {
    return errorAnswer(401, "'Expiration time' claim ('exp') is too far in the future")
  }
  if (typeof iat !== 'number' || iat > now) {
    const message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
    return errorAnswer(401, message)
  }
  const app = [...state.apps.apps.values()].find(({ id, clientId }) => String(id) === String(iss) || clientId === iss)
  if (app === undefined) return errorAnswer(404, 'Integration not found')
  try {
    await jwtVerify(jwt, app.publicKey, { algorithms: ['RS256'], currentDate: new Date(now * 1_000) })
    return app
  } catch {
    return errorAnswer(401, 'A JSON web token could not be decoded')
  }
}

/** `iss` may be a number on the wire, which the type of a payload does not know. */
function readClaims(jwt: string): (Omit<JWTPayload, 'iss'> & { iss?: unknown }) | undefined {
  try {
    return decodeJwt(jwt)
  } catch {
    return undefined
  }
}
