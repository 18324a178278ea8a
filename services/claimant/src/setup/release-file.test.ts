import { describe, expect, it } from 'vitest'
import { cliFileName, digestIn, isSafeUrl } from './release-file.ts'

const digest = 'a'.repeat(64)

describe('the checksums of a release', () => {
  it.each([
    [`${digest}  ${cliFileName}\n`, digest],
    [`${'b'.repeat(64)}  LICENSE\n${digest} *${cliFileName}\r\n`, digest],
    [`${digest}  ./${cliFileName}`, digest],
    [`${digest}  other-${cliFileName}\n`, undefined],
    [`${digest}  ${cliFileName}.sig\n`, undefined],
    [`${digest.slice(1)}  ${cliFileName}\n`, undefined],
    [`${digest.toUpperCase()}  ${cliFileName}\n`, undefined],
    ['', undefined],
    ['<html>', undefined],
  ])('%j name %s', (sums, expected) => {
    expect(digestIn(sums, cliFileName)).toBe(expected)
  })
})

describe('an address of release files', () => {
  it.each([
    ['https://github.com/o/r/releases/download/v1.2.3', true],
    ['http://127.0.0.1:8080/x', true],
    ['http://localhost/x', true],
    ['http://files.example/x', false],
    ['https://user:word@files.example/x', false],
    ['file:///etc', false],
    ['ftp://127.0.0.1/x', false],
    ['files.example', false],
    ['', false],
  ])('%s is taken: %s', (url, expected) => {
    expect(isSafeUrl(url)).toBe(expected)
  })
})
