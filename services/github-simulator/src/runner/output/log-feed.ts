import type { SecretMasker } from '../masking/secret-masker.ts'
import { feedLineCharsMax, jobLogCharsMax, jobLogLinesMax, stepNameCharsMax } from '../runner-limits.ts'
import type { JobObserver } from '../runner-port.ts'

/** The only way out for text of a job. It masks before it cuts: half a secret would not be found. */
export class LogFeed {
  readonly #observer: JobObserver
  readonly #masker: SecretMasker
  #lines = 0
  #chars = 0

  constructor(observer: JobObserver, masker: SecretMasker) {
    this.#observer = observer
    this.#masker = masker
  }

  /** Shows a text, which may have several lines, in the log of a step. */
  write(stepNumber: number, text: string): void {
    if (this.#full) return
    for (const line of this.#masker.mask(text).split(/\r\n|\n/)) this.#emit(stepNumber, line)
  }

  error(stepNumber: number, message: string): void {
    this.write(stepNumber, `##[error]${message}`)
  }

  warning(stepNumber: number, message: string): void {
    this.write(stepNumber, `##[warning]${message}`)
  }

  /** A display name that is safe to show: masked, one line, bounded. */
  displayName(name: string): string {
    return this.#masker.mask(name).slice(0, stepNameCharsMax)
  }

  get #full(): boolean {
    return this.#lines >= jobLogLinesMax || this.#chars >= jobLogCharsMax
  }

  #emit(stepNumber: number, line: string): void {
    if (this.#full) return
    const shown = line.length > feedLineCharsMax ? `${line.slice(0, feedLineCharsMax)}...` : line
    this.#lines += 1
    this.#chars += shown.length
    this.#observer.logLine(
      stepNumber,
      this.#full ? '##[warning]The log of this job is full; the rest is not shown.' : shown,
    )
  }
}
