import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '@forkproof/contracts/errors'
import type { Secret } from '@forkproof/infra/secret'
import { bearerOf } from '../http/bearer.ts'

/** Tells whether an Authorization header carries the operator's token. */
export type IsOperator = (authorization: string | undefined) => boolean

/**
 * Digests are compared, so that the time shows neither length nor content. Without a configured token there is no
 * operator.
 */
export function createIsOperator(token: Secret<string> | undefined): IsOperator {
  const expected = token && digest(token.reveal())
  return authorization => {
    const presented = bearerOf(authorization)
    return expected !== undefined && presented !== undefined && timingSafeEqual(digest(presented.reveal()), expected)
  }
}

/** @throws AppError operator_token_invalid */
export function demandOperator(isOperator: IsOperator, authorization: string | undefined): void {
  if (!isOperator(authorization)) throw new AppError('operator_token_invalid')
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
