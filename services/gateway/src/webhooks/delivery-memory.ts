import type { Clock } from '@forkproof/infra/clock'
import { BoundedMap } from '../throttling/bounded-map.ts'

interface SeenDelivery {
  readonly deliveryId: string
  readonly bodyKey: string
}

/**
 * Deliveries that were taken, for a while. GitHub signs no time, so a body that somebody recorded stays valid for ever,
 * and the delivery's id is in a header that is not signed: the body is remembered as well as the id. A repeat that is
 * not noticed here (after a restart, at another gateway) is harmless: what it leads to is a reading of GitHub that the
 * verifier's own limits bound.
 */
export class DeliveryMemory {
  readonly #untilMs: BoundedMap<string, number>
  readonly #clock: Clock
  readonly #rememberedMs: number

  constructor(clock: Clock, { rememberedMax, rememberedMs }: { rememberedMax: number; rememberedMs: number }) {
    this.#clock = clock
    this.#rememberedMs = rememberedMs
    // Two keys for each delivery.
    this.#untilMs = new BoundedMap(rememberedMax * 2)
  }

  has({ deliveryId, bodyKey }: SeenDelivery): boolean {
    const nowMs = this.#clock.now()
    return [idKey(deliveryId), bodyKey].some(key => (this.#untilMs.get(key) ?? 0) > nowMs)
  }

  /** After it was taken: what failed may come again. */
  remember({ deliveryId, bodyKey }: SeenDelivery): void {
    const untilMs = this.#clock.now() + this.#rememberedMs
    for (const key of [idKey(deliveryId), bodyKey]) this.#untilMs.set(key, untilMs)
  }
}

/** No body's key has a colon. */
const idKey = (deliveryId: string): string => `id:${deliveryId}`
