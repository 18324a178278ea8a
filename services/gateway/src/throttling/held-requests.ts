import { AppError } from '@forkproof/contracts/errors'
import { addressKey } from './address-key.ts'

interface HeldRequest {
  /** Aborts when the time is over, the client is gone, or the service stops. */
  readonly signal: AbortSignal
  leave(): void
}

/** The requests that are being held: how many in all and for one address, for how long, and how to let them all go. */
export class HeldRequests {
  readonly #held = new Map<AbortController, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #settings: { readonly holdMs: number; readonly heldMax: number; readonly heldPerAddressMax: number }
  #closed = false

  constructor(settings: { holdMs: number; heldMax: number; heldPerAddressMax: number }) {
    this.#settings = settings
  }

  get count(): number {
    return this.#held.size
  }

  /** Everybody was let go: the service is stopping. */
  get closed(): boolean {
    return this.#closed
  }

  /** @throws AppError temporarily_unavailable or rate_limited when there is no room */
  enter(address: string, gone: AbortSignal, holdMs = this.#settings.holdMs): HeldRequest {
    const key = addressKey(address)
    const ofAddress = this.#perAddress.get(key) ?? 0
    if (this.#held.size >= this.#settings.heldMax) {
      throw new AppError('temporarily_unavailable', { detail: 'too many requests are waiting', retryAfterSeconds: 2 })
    }
    if (ofAddress >= this.#settings.heldPerAddressMax) throw new AppError('rate_limited', { retryAfterSeconds: 2 })
    const controller = new AbortController()
    const release = () => controller.abort()
    const timer = setTimeout(release, holdMs)
    gone.addEventListener('abort', release, { once: true })
    if (gone.aborted || this.#closed) release()
    this.#held.set(controller, key)
    this.#perAddress.set(key, ofAddress + 1)
    const leave = () => {
      clearTimeout(timer)
      gone.removeEventListener('abort', release)
      if (this.#held.delete(controller)) this.#forget(key)
    }
    return { signal: controller.signal, leave }
  }

  /** Releases all held requests now, and later ones at once. */
  releaseAll(): void {
    this.#closed = true
    for (const controller of this.#held.keys()) controller.abort()
  }

  #forget(key: string): void {
    const left = (this.#perAddress.get(key) ?? 1) - 1
    if (left > 0) this.#perAddress.set(key, left)
    else this.#perAddress.delete(key)
  }
}
