import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ServerOrigin } from '../access/server-origin.ts'

export type BlobPermission = 'r' | 'w'

/** Addresses that carry their own permission and end, as Azure's shared access signatures do. */
export class SignedUrls {
  readonly #key = randomBytes(32)
  readonly #origin: ServerOrigin

  constructor(origin: ServerOrigin) {
    this.#origin = origin
  }

  /** @param expiresAt epoch ms, rounded down to seconds */
  sign(container: string, blob: string, permission: BlobPermission, expiresAt: number): string {
    const end = Math.floor(expiresAt / 1_000)
    const query = new URLSearchParams({
      sp: permission,
      se: String(end),
      sig: this.#mac(container, blob, permission, end),
    })
    return `${this.#origin.base}/blobs/${container}/${blob}?${query}`
  }

  verify(container: string, blob: string, permission: BlobPermission, query: URLSearchParams, now: number): boolean {
    const end = Number(query.get('se'))
    if (!Number.isSafeInteger(end) || end * 1_000 <= now || query.get('sp') !== permission) return false
    const given = Buffer.from(query.get('sig') ?? '')
    const expected = Buffer.from(this.#mac(container, blob, permission, end))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  #mac(container: string, blob: string, permission: BlobPermission, end: number): string {
    return createHmac('sha256', this.#key).update(`${container}\n${blob}\n${permission}\n${end}`).digest('base64url')
  }
}
