import { type Clock, systemClock } from '@forkproof/infra/clock'

const firstNoteMs = 1_000
const nextNoteMs = 10_000

/** Says what takes long. A step under a second stays silent, so that a warm start prints nothing about tools. */
export class Progress {
  readonly #write: (line: string) => void
  readonly #clock: Clock

  /** `write` gets whole lines without the line break. */
  constructor(write: (line: string) => void, clock: Clock = systemClock) {
    this.#write = write
    this.#clock = clock
  }

  note(line: string): void {
    this.#write(line)
  }

  /** Runs the step; from its first second on, prints its title with the elapsed time every few seconds, and how it ended. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.now()
    const over = new AbortController()
    const ticking = this.#tick(title, startMs, over.signal)
    let outcome = 'failed'
    try {
      const result = await work()
      outcome = 'done'
      return result
    } finally {
      over.abort()
      if (await ticking) this.#write(`${title}: ${outcome} after ${seconds(this.#clock.now() - startMs)}`)
    }
  }

  /** True when it has printed something. */
  async #tick(title: string, startMs: number, until: AbortSignal): Promise<boolean> {
    for (let printed = false, pauseMs = firstNoteMs; ; printed = true, pauseMs = nextNoteMs) {
      try {
        await this.#clock.sleep(pauseMs, until)
      } catch {
        return printed
      }
      this.#write(`${title} … ${seconds(this.#clock.now() - startMs)}`)
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
