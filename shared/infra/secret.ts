import { inspect } from 'node:util'

const redacted = '[redacted]'

/** A value that never prints itself. `reveal()` is the only way out, and easy to search for. */
export class Secret<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
