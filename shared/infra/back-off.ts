interface BackOffBounds {
  readonly minMs: number
  readonly maxMs: number
}

/**
 * How long to wait after so many failures in a row (1 or more), ms: doubled each time, within the bounds. With
 * `random`, which gives 0 to 1, half of the wait is left to chance, so that those that failed together do not all come
 * back together.
 */
export function backOffMs(failures: number, { minMs, maxMs }: BackOffBounds, random?: () => number): number {
  const waitMs = Math.min(minMs * 2 ** (failures - 1), maxMs)
  return random === undefined ? waitMs : waitMs * (0.5 + random() / 2)
}
