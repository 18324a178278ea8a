import { systemClock } from '@forkproof/infra/clock'

/** Waits until the condition holds; checks every `everyMs`. Unlike `expect.poll` it works in concurrent tests. */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean> | boolean,
  { msMax, everyMs = 50 }: { msMax: number; everyMs?: number },
): Promise<void> {
  const deadlineMs = systemClock.now() + msMax
  while (!(await condition())) {
    if (systemClock.now() > deadlineMs) throw new Error(`not within ${msMax} ms: ${what}`)
    await systemClock.sleep(everyMs)
  }
}
