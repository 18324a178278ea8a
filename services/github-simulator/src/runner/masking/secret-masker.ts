import { maskValuesMax } from '../runner-limits.ts'
import { encodingsOf } from './secret-encodings.ts'

/** Hides the secrets of one job in what is shown of it. Values can be added while the job runs; none is removed. */
export class SecretMasker {
  readonly #patterns = new Set<string>()
  #values = 0

  /** Registers a secret, whole and line by line, in all encodings. Returns false when the job has too many. */
  add(secret: string): boolean {
    const parts = new Set([secret, ...secret.split(/\r\n|\r|\n/), secret.trim()])
    for (const part of parts) {
      if (part.trim() === '') continue
      if (this.#values >= maskValuesMax) return false
      this.#values += 1
      for (const pattern of encodingsOf(part)) this.#patterns.add(pattern)
    }
    return true
  }

  /** The text with every registered secret replaced by `***`. Overlapping and touching finds become one. */
  mask(text: string): string {
    const finds = this.#findsIn(text)
    if (finds.length === 0) return text
    let masked = ''
    let position = 0
    for (const [start, end] of merge(finds)) {
      masked += `${text.slice(position, start)}***`
      position = end
    }
    return masked + text.slice(position)
  }

  /** True when the text holds a registered secret in some form. */
  contains(text: string): boolean {
    for (const pattern of this.#patterns) if (text.includes(pattern)) return true
    return false
  }

  #findsIn(text: string): [start: number, end: number][] {
    const finds: [number, number][] = []
    for (const pattern of this.#patterns) {
      for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) {
        finds.push([at, at + pattern.length])
      }
    }
    return finds
  }
}

function merge(finds: [number, number][]): [number, number][] {
  const merged: [number, number][] = []
  for (const [start, end] of finds.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}
