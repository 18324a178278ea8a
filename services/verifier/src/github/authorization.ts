import { Secret } from '@forkproof/infra/secret'

/** What a credential sends as `Authorization`. */
export interface Authorization {
  /** Undefined sends none. @throws GithubFault when there is no token now */
  header(signal: AbortSignal): Promise<Secret | undefined>
  /** GitHub refused the token that was sent last. True when another one can be had; absent where there is but one. */
  renew?(): boolean
}

/** `id:secret` of an OAuth app goes as basic authentication (docs/facts/github.md#credentials). */
export function fixedAuthorization(secret: string): Authorization {
  const text = secret.includes(':') ? `Basic ${Buffer.from(secret).toString('base64')}` : `Bearer ${secret}`
  const header = new Secret(text)
  return { header: async () => header }
}

export const noAuthorization: Authorization = { header: async () => undefined }
