import { describe, expect, it } from 'vitest'
import { mayPass } from './artifact-store.ts'

const named = (name: string, message: string) => Object.assign(new Error(message), { name })

describe('a failed upload', () => {
  it.each([
    ['a broken connection', named('NetworkError', 'Unable to make request: ECONNRESET'), true],
    [
      'a broken connection, told in other words',
      new Error('Failed to CreateArtifact: Unable to make request: ENOTFOUND'),
      true,
    ],
    [
      'an answer to retry',
      new Error('Failed to CreateArtifact: Failed to make request after 5 attempts: Failed request: (503)'),
      true,
    ],
    ['a full quota', new Error('Failed to CreateArtifact: Artifact storage quota has been hit.'), false],
    [
      'the limit of 500 artifacts',
      new Error('Failed to CreateArtifact: Received non-retryable error: Failed request: (400) Bad Request: 500'),
      false,
    ],
    ['a forbidden upload', new Error('Received non-retryable error: Failed request: (403) Forbidden'), false],
    ['GitHub Enterprise Server', named('GHESNotSupportedError', 'not currently supported on GHES'), false],
    ['no error at all', undefined, false],
  ])('by %s may pass: %#', (_, error, expected) => {
    expect(mayPass(error)).toBe(expected)
  })
})
