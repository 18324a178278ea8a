import { fromBinary } from '@bufbuild/protobuf'
import { StatusResponseSchema } from './generated-messages.ts'

/** Enough for the last words of a build; a builder that talks without end fills no memory of ours. */
const keptBytesMax = 65_536
/** Logs keep a few hundred characters of an error. */
const wordsMax = 300

/** What a builder tells about a running build: kept as it came, because it is read only when the build has failed. */
export class BuildProgress {
  #messages: Buffer[] = []
  #bytes = 0

  readonly keep = (message: Buffer): void => {
    if (message.length > keptBytesMax) return
    this.#messages.push(message)
    this.#bytes += message.length
    while (this.#bytes > keptBytesMax) this.#bytes -= this.#messages.shift()?.length ?? 0
  }

  /** The end of what the steps printed, on one line; empty when they were silent or cannot be understood. */
  lastWords(): string {
    const text = this.#messages.map(printed).join('')
    const lines = text.split('\n').map(line => line.trim())
    return lines
      .filter(line => line !== '')
      .join(' | ')
      .slice(-wordsMax)
  }
}

function printed(message: Buffer): string {
  try {
    const { logs } = fromBinary(StatusResponseSchema, message)
    return logs.map(({ msg }) => new TextDecoder().decode(msg)).join('')
  } catch {
    return ''
  }
}
