import { AppError } from '@forkproof/contracts/errors'

/** A byte order mark stays in the text, so that a parser refuses it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a body. Broken UTF-8 is refused and not repaired: readers repair it differently. @throws AppError
 * invalid_request
 */
export function decodeBody(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new AppError('invalid_request', { detail: 'the body is not UTF-8' })
  }
}
