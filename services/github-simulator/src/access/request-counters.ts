export type Outcome = 'counted' | 'notModified' | 'rejected'
export type Counts = Record<Outcome, number>

interface Row extends Counts {
  surface: string
  route: string
  credential: string
}

/** How often each route was asked by each credential; `rejected` are refusals by limits, dials and bad credentials. */
export class RequestCounters {
  readonly #rows = new Map<string, Row>()

  count(surface: string, route: string, credential: string, outcome: Outcome): void {
    const key = `${surface} ${route} ${credential}`
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = { surface, route, credential, ...zero() }
      this.#rows.set(key, row)
    }
    row[outcome] += 1
  }

  report(): {
    total: Record<string, Counts>
    routes: ({ surface: string; route: string } & Counts)[]
    credentials: ({ surface: string; credential: string } & Counts)[]
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

  #sum(keyOf: (row: Row) => string): Map<string, Counts> {
    const sums = new Map<string, Counts>()
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

function zero(): Counts {
  return { counted: 0, notModified: 0, rejected: 0 }
}
