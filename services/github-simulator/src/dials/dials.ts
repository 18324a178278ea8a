import { z } from 'zod'

const milliseconds = z.int().min(0).max(600_000)
const rate = z.number().min(0).max(1)

/** What can be turned while the simulator runs. Every dial has a neutral position. */
export const dialsSchema = z.strictObject({
  latencyMs: milliseconds.describe('held per REST answer: half before the state is read, half after'),
  webLatencyMs: milliseconds.describe('the same for the live log pages'),
  logLagMs: milliseconds.describe('live log pages show the log as it was this long ago'),
  stepNameLagMs: milliseconds.describe('steps are seen as they were this long ago'),
  artifactListingLagMs: milliseconds.describe('artifacts are listed (and unlisted) this late'),
  errorRate: z
    .strictObject({ status: z.int().min(400).max(599), rate, seed: z.int() })
    .describe('share of REST requests answered with an error'),
  malformedJsonRate: rate.describe('share of REST answers whose JSON does not parse'),
  truncateRate: rate.describe('share of REST answers cut in the middle by a closed connection'),
  primaryLimit: z
    .int()
    .min(0)
    .max(1_000_000)
    .nullable()
    .describe('requests per hour for every credential, instead of its own'),
  secondaryLimit: z.boolean().describe('every REST request is refused with the secondary limit'),
  secondaryRetryAfterSeconds: z.int().min(1).max(3_600),
  limitStatus: z.union([z.literal(403), z.literal(429)]).describe('status of refusals by either limit'),
  hang: z.boolean().describe('REST and web requests are never answered'),
})

export type Dials = z.infer<typeof dialsSchema>

export const neutralDials: Dials = {
  latencyMs: 0,
  webLatencyMs: 0,
  logLagMs: 0,
  stepNameLagMs: 0,
  artifactListingLagMs: 0,
  errorRate: { status: 500, rate: 0, seed: 1 },
  malformedJsonRate: 0,
  truncateRate: 0,
  primaryLimit: null,
  secondaryLimit: false,
  secondaryRetryAfterSeconds: 60,
  limitStatus: 403,
  hang: false,
}

/** The dials' positions: one set for all, and what single repositories differ in. */
export class DialBoard {
  #global: Dials = neutralDials
  readonly #overrides = new Map<number, Partial<Dials>>()
  #random = seededRandom(neutralDials.errorRate.seed)

  /** @param repositoryId absent where a request concerns no (known) repository */
  read(repositoryId?: number): Dials {
    const override = repositoryId === undefined ? undefined : this.#overrides.get(repositoryId)
    return override === undefined ? this.#global : { ...this.#global, ...override }
  }

  override(repositoryId: number): Partial<Dials> {
    return this.#overrides.get(repositoryId) ?? {}
  }

  /** Replaces the general positions. The dice of the error rates start again from the seed. */
  set(dials: Dials): void {
    this.#global = dials
    this.#random = seededRandom(dials.errorRate.seed)
  }

  setOverride(repositoryId: number, dials: Partial<Dials>): void {
    this.#overrides.set(repositoryId, dials)
  }

  /** Throws the seeded dice: true in a `share` of the calls. */
  chance(share: number): boolean {
    return share > 0 && this.#random() < share
  }

  reset(): void {
    this.set(neutralDials)
    this.#overrides.clear()
  }
}

/** Mulberry32: tiny, and the same sequence for the same seed everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
