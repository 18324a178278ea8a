export type RequestOutcome = 'counted' | 'notModified' | 'rejected'
type OutcomeCounts = Record<RequestOutcome, number>

interface CounterRow extends OutcomeCounts {
  surface: string
  route: string
  credential: string
}

/**
 * How often each credential asked each route. A request is `rejected` by a limit, a fault or a bad credential.
 */
export class RequestCounters {
  readonly #rows = new Map<string, CounterRow>()

  count(surface: string, route: string, credential: string, outcome: RequestOutcome): void {
    const key = `${surface} ${route} ${credential}`
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = { surface, route, credential, ...zero() }
      this.#rows.set(key, row)
    }
    row[outcome] += 1
  }

  report(): {
    total: Record<string, OutcomeCounts>
    routes: ({ surface: string; route: string } & OutcomeCounts)[]
    credentials: ({ surface: string; credential: string } & OutcomeCounts)[]
  } {
    const total = this.#sum(row => row.surface)
    const routes = this.#sum(row => `${row.surface}\n${row.route}`)
    const credentials = this.#sum(row => `${row.surface}\n${row.credential}`)
    const split = (key: string) => key.split('\n') as [string, string]
    return {
      total: { rest: zero(), web: zero(), ...Object.fromEntries(total) },
      routes: [...routes].map(([key, counts]) => ({ surface: split(key)[0], route: split(key)[1], ...counts })),
      credentials: [...credentials].map(([key, counts]) => ({
        surface: split(key)[0],
        credential: split(key)[1],
        ...counts,
      })),
    }
  }

  reset(): void {
    this.#rows.clear()
  }

  #sum(keyOf: (row: CounterRow) => string): Map<string, OutcomeCounts> {
    const sums = new Map<string, OutcomeCounts>()
    for (const row of this.#rows.values()) {
      const sum = sums.get(keyOf(row)) ?? zero()
      sums.set(keyOf(row), sum)
      sum.counted += row.counted
      sum.notModified += row.notModified
      sum.rejected += row.rejected
    }
    return sums
  }
}

function zero(): OutcomeCounts {
  return { counted: 0, notModified: 0, rejected: 0 }
}
