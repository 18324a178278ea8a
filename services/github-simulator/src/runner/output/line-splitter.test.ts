import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

function split(chunks: Buffer[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(line => lines.push(line))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return lines
}

describe('splitting output into lines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\na', ['', '', 'a']],
    ['a\rb\n', ['a\rb']],
  ])('turns %j into %j', (text, expected) => {
    expect(split([Buffer.from(text)])).toEqual(expected)
  })

  it('gives the same lines wherever the chunks are cut, also within a character', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\n', '\r') })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, size) => {
        const bytes = Buffer.from(whole)
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        )
        expect(split(chunks)).toEqual(split([bytes]))
      }),
      { seed: 6, numRuns: 200 },
    )
  })

  it('keeps a bounded part of an endless line and goes on with the next', () => {
    const lines = split([...Array.from({ length: 40 }, () => Buffer.alloc(4_096, 'x')), Buffer.from('\nnext\n')])
    expect(lines.map(line => line.length)).toEqual([65_536, 4])
  })
})
