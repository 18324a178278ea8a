/** A request that the simulator's control API refuses; `detail` is safe to show. */
export class StateProblem extends Error {
  readonly status: 403 | 404 | 409 | 422 | 507

  constructor(status: 403 | 404 | 409 | 422 | 507, detail: string) {
    super(detail)
    this.name = 'StateProblem'
    this.status = status
  }
}

export function requireRoom(used: number, max: number, what: string): void {
  if (used >= max) throw new StateProblem(507, `no room for more than ${max} ${what}`)
}
