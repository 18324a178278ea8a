import { RunHint } from '@forkproof/contracts/run-hint'
import { subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import { hintLimits } from './hint-limits.ts'

/** Hands valid hints on and ignores everything else on the subject: also kinds that a newer gateway knows. */
export function followRunHints(bus: Pick<Bus, 'subscribe'>, hear: (hint: RunHint) => void): void {
  bus.subscribe(subjects.runHints, (subject, text) => {
    const hint = text.length > hintLimits.textCharsMax ? undefined : hintOf(text)
    if (hint && subjects.runHint(hint) === subject) hear(hint)
  })
}

function hintOf(text: string): RunHint | undefined {
  try {
    return RunHint.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
