import { StateProblem } from '../store/state-problem.ts'

export const blobBytesMax = 64 * 1024 * 1024
export const blobsTotalBytesMax = 512 * 1024 * 1024
const blocksPerBlobMax = 50_000

interface StoredBlob {
  content: Buffer
  contentType: string
}

/** Contents of artifacts, in memory. Blocks are put one by one and become a blob when their list is committed. */
export class BlobStore {
  readonly #blobs = new Map<string, StoredBlob>()
  readonly #blocks = new Map<string, Map<string, Buffer>>()
  #bytes = 0

  putBlock(blob: string, blockId: string, content: Buffer): void {
    const blocks = this.#blocks.get(blob) ?? new Map<string, Buffer>()
    if (blocks.size >= blocksPerBlobMax) throw new StateProblem(507, 'too many blocks in one blob')
    this.#reserve(content.length - (blocks.get(blockId)?.length ?? 0))
    blocks.set(blockId, content)
    this.#blocks.set(blob, blocks)
  }

  /** False when a listed block was never put. */
  commit(blob: string, blockIds: readonly string[], contentType: string): boolean {
    const blocks = this.#blocks.get(blob) ?? new Map<string, Buffer>()
    const parts = blockIds.map(id => blocks.get(id))
    if (parts.some(part => part === undefined)) return false
    const content = Buffer.concat(parts.filter(part => part !== undefined))
    for (const block of blocks.values()) this.#bytes -= block.length
    this.#blocks.delete(blob)
    this.put(blob, content, contentType)
    return true
  }

  put(blob: string, content: Buffer, contentType: string): void {
    if (content.length > blobBytesMax) throw new StateProblem(507, 'the blob is too large')
    this.#reserve(content.length - (this.#blobs.get(blob)?.content.length ?? 0))
    this.#blobs.set(blob, { content, contentType })
  }

  get(blob: string): StoredBlob | undefined {
    return this.#blobs.get(blob)
  }

  delete(blob: string): void {
    this.#bytes -= this.#blobs.get(blob)?.content.length ?? 0
    this.#blobs.delete(blob)
  }

  #reserve(bytes: number): void {
    if (this.#bytes + bytes > blobsTotalBytesMax) throw new StateProblem(507, 'no room for more blobs')
    this.#bytes += bytes
  }
}
