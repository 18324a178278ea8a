import { StringDecoder } from 'node:string_decoder'
import { rawLineCharsMax } from '../runner-limits.ts'

/** Cuts a byte stream into lines without their ends. Of a line over the limit, the part up to it is kept. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #pending = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    const pieces = this.#decoder.write(chunk).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      this.#append(piece)
      this.#flush()
    }
    this.#append(last)
  }

  /** Hands over a last line that had no end. */
  end(): void {
    this.#append(this.#decoder.end())
    if (this.#pending !== '') this.#flush()
  }

  #append(text: string): void {
    const room = rawLineCharsMax - this.#pending.length
    if (room > 0) this.#pending += text.length > room ? text.slice(0, room) : text
  }

  #flush(): void {
    const line = this.#pending.endsWith('\r') ? this.#pending.slice(0, -1) : this.#pending
    this.#pending = ''
    this.#onLine(line)
  }
}
