import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ambiguousMember, parseJsonBody } from './json-body.ts'

describe('ambiguousMember', () => {
  it.each([
    ['{"a":1,"a":2}', 'duplicate'],
    ['{"a":1,"\\u0061":2}', 'duplicate'],
    ['[{"a":{"b":1,"b":2}}]', 'duplicate'],
    ['{"":1,"":2}', 'duplicate'],
    ['{"a\\"":1,"a\\"":2}', 'duplicate'],
    ['{"__proto__":1}', 'prototype'],
    ['{"a":[{"\\u005f\\u005fproto__":1}]}', 'prototype'],
  ] as const)('finds in %s a %s', (text, problem) => {
    expect(ambiguousMember(text)).toBe(problem)
  })

  it.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}',
    '{"a":["x","x"],"b":"a"}',
    '{"a":"__proto__"}',
    '"a:a"',
    '{"a":"\\\\","b":1}',
  ])('finds nothing in %s', text => {
    expect(ambiguousMember(text)).toBeUndefined()
  })

  it('finds nothing in what JSON.stringify wrote, and always finds a member that was doubled', () => {
    const names = fc.string().filter(name => !['__proto__', 'constructor', 'prototype'].includes(name))
    const object = fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 })
    fc.assert(
      fc.property(object, value => {
        const text = JSON.stringify(value)
        if (/__proto__|constructor|prototype/.test(text)) return
        expect(ambiguousMember(text)).toBeUndefined()
        const [name = ''] = Object.keys(value)
        expect(ambiguousMember(`${text.slice(0, -1)},${JSON.stringify(name)}:0}`)).toBe('duplicate')
      }),
      { seed: 20_260_302, numRuns: 500 },
    )
  })
})

describe('parseJsonBody', () => {
  it.each(['', ' ', '{', '{"a":1}x', "{'a':1}", '{a:1}', '\u0000'])('refuses %j', text => {
    expect(() => parseJsonBody(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})
