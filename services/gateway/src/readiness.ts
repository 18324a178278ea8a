import type { Clock } from '@forkproof/infra/clock'

/** Each check answers within its own bound and never throws. */
type ReadinessChecks = Readonly<Record<string, () => Promise<boolean>>>
export type ReadinessReport = Readonly<Record<string, boolean>>

const rememberedMs = 500

/** Checks at most twice a second, however often probes come, because `/readyz` is open to all. */
export function rememberedReadiness(checks: ReadinessChecks, clock: Clock): () => Promise<ReadinessReport> {
  let last: { readonly atMs: number; readonly report: Promise<ReadinessReport> } | undefined
  return () => {
    if (!last || clock.now() - last.atMs >= rememberedMs) last = { atMs: clock.now(), report: ask(checks) }
    return last.report
  }
}

async function ask(checks: ReadinessChecks): Promise<ReadinessReport> {
  const answers = Object.entries(checks).map(async ([name, check]) => [name, await check()] as const)
  return Object.fromEntries(await Promise.all(answers))
}
