import type { Bucket } from '../bus.ts'

interface Written {
  readonly key: string
  readonly value: string
  readonly revision: number
  readonly deleted: boolean
  readonly writtenAtMs: number
}

/**
 * A bucket as NATS gives it. Revisions count up over all keys; create, update and remove compare; the history stays.
 * docs/glossary.md: fake.
 */
export class FakeBucket implements Bucket {
  readonly #log: Written[] = []
  /** Runs before each write: lets a test fail it, or be faster. */
  beforeWrite: (key: string) => void | Promise<void> = () => undefined
  reads = 0
  writes: string[] = []

  async get(key: string) {
    this.reads += 1
    const last = this.#last(key)
    return last && !last.deleted ? { value: last.value, revision: last.revision } : undefined
  }

  async create(key: string, value: string): Promise<number | undefined> {
    await this.beforeWrite(key)
    const last = this.#last(key)
    return last && !last.deleted ? undefined : this.put(key, value)
  }

  async update(key: string, value: string, revision: number): Promise<number | undefined> {
    await this.beforeWrite(key)
    return this.#last(key)?.revision === revision ? this.put(key, value) : undefined
  }

  async set(key: string, value: string): Promise<void> {
    await this.beforeWrite(key)
    this.put(key, value)
  }

  async remove(key: string, revision: number): Promise<boolean> {
    await this.beforeWrite(key)
    if (this.#last(key)?.revision !== revision) return false
    this.#write(key, '', true)
    return true
  }

  async keys() {
    return [...new Set(this.#log.map(({ key }) => key))]
  }

  async history(key: string) {
    return this.#log.filter(written => written.key === key)
  }

  /** What a hostile or clumsy administrator can do. */
  put(key: string, value: string): number {
    this.writes.push(value)
    return this.#write(key, value, false)
  }

  #last = (key: string): Written | undefined => this.#log.findLast(written => written.key === key)

  #write(key: string, value: string, deleted: boolean): number {
    const revision = this.#log.length + 1
    this.#log.push({ key, value, revision, deleted, writtenAtMs: revision })
    return revision
  }
}
