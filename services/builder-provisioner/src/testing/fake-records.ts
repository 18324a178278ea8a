import type { Records } from '../state/record-folder.ts'

/** Records that outlive a node, as files do, and may refuse to be written. */
export class FakeRecords<R> implements Records<R> {
  readonly texts = new Map<string, string>()
  full = false

  async load(): Promise<readonly R[]> {
    return [...this.texts.values()].map(text => JSON.parse(text))
  }

  async save(key: string, record: R): Promise<void> {
    if (this.full) throw new Error('no space left')
    this.texts.set(key, JSON.stringify(record))
  }

  async remove(key: string): Promise<void> {
    this.texts.delete(key)
  }
}
