import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const ServiceKeys = z.strictObject({
  /** PKCS #8 PEM, Ed25519: signs attestations; only the verifier gets it. */
  attestationPrivateKey: z.string(),
  attestationPublicKey: z.string(),
  /** 256 bits, base64url: encrypts signing keys at rest; only the signer gets it. */
  keyEncryptionKey: z.string(),
  /** Stand-ins for what GitHub gives an operator. */
  githubTokens: z.array(z.string()).min(1),
  githubSessionCookie: z.string(),
})
export type ServiceKeys = z.infer<typeof ServiceKeys>

/** Keys of a local system, kept with its databases: signing keys at rest are unreadable without them. */
export async function loadServiceKeys(folder: string): Promise<ServiceKeys> {
  const file = join(folder, 'keys.json')
  try {
    return ServiceKeys.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const made = makeServiceKeys()
  await writeFile(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' })
  return made
}

export function makeServiceKeys(): ServiceKeys {
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return {
    attestationPrivateKey: pair.privateKey,
    attestationPublicKey: pair.publicKey,
    keyEncryptionKey: randomBytes(32).toString('base64url'),
    githubTokens: [1, 2].map(() => `ghp_${randomBytes(18).toString('hex')}`),
    githubSessionCookie: randomBytes(24).toString('base64url'),
  }
}
