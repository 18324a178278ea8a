import { createVerifier, type DecodedJwt } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { claimMarker } from './fork-workflow.ts'

/**
 * A relying party as anybody would write one, with libraries that share no code with the issuer's. It knows the
 * issuer's address and its own audience, finds the keys through the discovery document, and prints the claims.
 * Exit code 1 with the reason when the token does not hold.
 */
const [issuer = '', audience = ''] = process.argv.slice(2)
const token = process.env['FORKPROOF_ID_TOKEN'] ?? ''
const keys = buildGetJwks({
  providerDiscovery: true,
  issuersWhitelist: [issuer],
  fetchOptions: { signal: AbortSignal.timeout(10_000) },
})
const verify = createVerifier({
  key: async ({ header }: DecodedJwt) =>
    keys.getPublicKey({ kid: header.kid, alg: String(header.alg), domain: issuer }),
  algorithms: ['RS256'],
  allowedIss: issuer,
  allowedAud: audience,
  requiredClaims: ['iss', 'aud', 'sub', 'iat', 'nbf', 'exp', 'jti'],
})
try {
  // One line a claim: a runner's live log cuts lines at 1,024 characters.
  const lines = Object.entries(await verify(token)).map(claim => `${claimMarker}${JSON.stringify(claim)}\n`)
  process.stdout.write(lines.join(''))
} catch (error) {
  process.stderr.write(`the token does not hold: ${error instanceof Error ? error.message : 'unknown reason'}\n`)
  process.exitCode = 1
}
