import { StringDecoder } from 'node:string_decoder'

const lineCharactersMax = 16_384

/**
 * Cuts a byte stream into lines and keeps the last of them.
 * The number and the length of lines are bounded: a child that never ends its line costs no memory.
 */
export class LineRing {
  readonly #linesMax: number
  readonly #decoder = new StringDecoder('utf8')
  #lines: string[] = []
  #rest = ''

  constructor(linesMax: number) {
    this.#linesMax = linesMax
  }

  /** Returns the lines that this chunk completed. */
  push(chunk: Buffer): readonly string[] {
    const parts = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = (parts.pop() ?? '').slice(0, lineCharactersMax)
    const complete = parts.map(line => line.replace(/\r$/, '').slice(0, lineCharactersMax))
    this.#lines.push(...complete)
    if (this.#lines.length > this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax)
    return complete
  }

  /** The last lines, oldest first, with an unfinished one at the end. */
  last(): readonly string[] {
    return this.#rest === '' ? [...this.#lines] : [...this.#lines, this.#rest]
  }
}
