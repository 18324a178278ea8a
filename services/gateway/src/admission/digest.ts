import { createHash } from 'node:crypto'

/** Lower-case hex; fits as a key of a bucket. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')
