import { expect, test } from 'vitest'
import { LineRing } from './line-ring.ts'

test('lines are put together across chunks, also inside a character', () => {
  const ring = new LineRing(10)
  const bytes = Buffer.from('grün\nblau')
  expect(ring.push(bytes.subarray(0, 3))).toEqual([])
  expect(ring.push(bytes.subarray(3))).toEqual(['grün'])
  expect(ring.last()).toEqual(['grün', 'blau'])
})

test('only the last lines are kept', () => {
  const ring = new LineRing(2)
  ring.push(Buffer.from('a\nb\r\nc\n'))
  expect(ring.last()).toEqual(['b', 'c'])
})

test('a line without end does not grow without bound', () => {
  const ring = new LineRing(2)
  for (let chunk = 0; chunk < 100; chunk++) ring.push(Buffer.alloc(4096, 'x'))
  expect(ring.last()[0]?.length).toBe(16_384)
})
