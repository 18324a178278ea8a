import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { strict } from './strict.ts'

const shape = z.object({ name: z.string() })
const cases: [string, z.ZodType, unknown, unknown][] = [
  ['an object', shape, { name: 'a' }, { name: 'a', more: 1 }],
  ['an object in an object', z.object({ of: shape }), { of: { name: 'a' } }, { of: { name: 'a', more: 1 } }],
  ['an object in a list', z.array(shape).max(2), [{ name: 'a' }], [{ name: 'a', more: 1 }]],
  ['an object in a record', z.record(z.string(), shape), { x: { name: 'a' } }, { x: { name: 'a', more: 1 } }],
  [
    'an optional object',
    z.object({ of: shape.exactOptional() }),
    { of: { name: 'a' } },
    { of: { name: 'a', more: 1 } },
  ],
  ['an object with a default', shape.prefault({ name: 'b' }), undefined, { name: 'a', more: 1 }],
  ['a read-only list', z.array(shape).readonly(), [{ name: 'a' }], [{ name: 'a', more: 1 }]],
  [
    'one of two shapes',
    z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b'), of: shape })]),
    { kind: 'b', of: { name: 'a' } },
    { kind: 'b', of: { name: 'a', more: 1 } },
  ],
  ['a refined object', shape.refine(value => value.name !== ''), { name: 'a' }, { name: 'a', more: 1 }],
]

describe('the strict form of a schema', () => {
  it.each(cases)('refuses a member too many in %s, which the schema itself ignores', (_name, schema, good, more) => {
    expect(strict(schema).parse(good)).toEqual(schema.parse(good))
    expect(schema.safeParse(more).success).toBe(true)
    expect(strict(schema).safeParse(more).success).toBe(false)
  })

  it('keeps checks, defaults and descriptions', () => {
    const schema = z.object({
      name: z.string().max(3).default('abc').meta({ description: 'a name' }),
      list: z.array(z.string()).max(1),
    })
    const made = strict(schema.refine(({ name }) => name !== 'no').describe('the whole'))
    expect(made.parse({ list: [] })).toEqual({ name: 'abc', list: [] })
    for (const bad of [{ name: 'long', list: [] }, { name: 'no', list: [] }, { list: ['a', 'b'] }]) {
      expect(made.safeParse(bad).success).toBe(false)
    }
    expect(z.toJSONSchema(made)).toMatchObject({
      description: 'the whole',
      properties: { name: { description: 'a name', default: 'abc' } },
    })
  })

  it('does not let a writer send what a reader would replace', () => {
    const schema = z.object({ name: z.string().optional().catch(undefined) })
    expect(schema.safeParse({ name: 1 }).success).toBe(true)
    expect(strict(schema).safeParse({ name: 1 }).success).toBe(false)
  })

  it('is not made of a schema whose members it cannot see', () => {
    expect(() => strict(z.lazy(() => shape))).toThrow('lazy')
  })
})
