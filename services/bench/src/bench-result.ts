/** One figure. `conditions` has all that a comparison with another run needs. */
export interface BenchResult {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly conditions: string
}

/** Nearest-rank percentile of unsorted values; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const latencyResults = (name: string, values: readonly number[], conditions: string): BenchResult[] =>
  (
    [
      ['p50', 0.5],
      ['p90', 0.9],
      ['p99', 0.99],
    ] as const
  ).map(([label, share]) => ({
    name: `${name} ${label}`,
    value: Math.round(percentile(values, share)),
    unit: 'ms',
    conditions: `${conditions}; n=${values.length}`,
  }))

/** Runs `work` for each number below `count`, at most `concurrent` at once, in order. */
export async function runConcurrently<T>(
  count: number,
  concurrent: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: Math.min(concurrent, count) }, lane))
  return results
}

/** Prints the title, runs the measurement and prints its results. */
export type RunMeasurement = (title: string, work: () => Promise<readonly BenchResult[]>) => Promise<void>
