import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { ProgressOutput } from './progress-output.ts'

const firstNoteMs = 1_000
const nextLineMs = 30_000
const nextRewriteMs = 1_000

interface ProgressStep<T> {
  /** What the list of later steps calls it. */
  readonly name: string
  readonly title: string
  readonly work: () => Promise<T>
}

/** Says what takes long. A step under a second stays silent, so that a warm start prints nothing about tools. */
export class Progress {
  readonly #output: ProgressOutput
  readonly #clock: Clock

  constructor(output: ProgressOutput, clock: Clock = systemClock) {
    this.#output = output
    this.#clock = clock
  }

  note(line: string): void {
    this.#output.line(line)
  }

  /** Runs a step that stands alone. */
  step<T>(title: string, work: () => Promise<T>): Promise<T> {
    return this.#run(title, '', work)
  }

  /** Runs the steps one after the other, each with its number and what comes then. Ends with the first that fails. */
  async inOrder<T>(steps: readonly ProgressStep<T>[]): Promise<T[]> {
    const results: T[] = []
    for (const [index, { title, work }] of steps.entries()) {
      const number = steps.length > 1 ? `[${index + 1}/${steps.length}] ` : ''
      const later = steps.slice(index + 1).map(({ name }) => name)
      results.push(await this.#run(`${number}${title}`, later.length > 0 ? `, then: ${later.join(', ')}` : '', work))
    }
    return results
  }

  /** From the first second on, shows the title with the elapsed time again and again, and then how it ended. */
  async #run<T>(title: string, later: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.now()
    const over = new AbortController()
    const ticking = this.#tick(elapsedMs => `${title} … ${seconds(elapsedMs)}${later}`, startMs, over.signal)
    let outcome = 'failed'
    try {
      const result = await work()
      outcome = 'done'
      return result
    } finally {
      over.abort()
      if (await ticking) this.#output.line(`${title}: ${outcome} after ${seconds(this.#clock.now() - startMs)}`)
    }
  }

  /** True when it has shown something. */
  async #tick(textAt: (elapsedMs: number) => string, startMs: number, until: AbortSignal): Promise<boolean> {
    const { rewrite } = this.#output
    const nextMs = rewrite ? nextRewriteMs : nextLineMs
    for (let shown = false, pauseMs = firstNoteMs; ; shown = true, pauseMs = nextMs) {
      try {
        await this.#clock.sleep(pauseMs, until)
      } catch {
        rewrite?.('')
        return shown
      }
      const text = textAt(this.#clock.now() - startMs)
      if (rewrite) rewrite(text)
      else this.#output.line(text)
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
