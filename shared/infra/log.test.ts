import { describe, expect, it } from 'vitest'
import { createLogger } from './log.ts'

const logged = (write: (log: ReturnType<typeof createLogger>) => void): string => {
  const lines: string[] = []
  write(createLogger({ service: 'test', destination: { write: line => void lines.push(line) } }))
  return lines.join('')
}

describe('the logger', () => {
  it('writes one JSON object a line with service, level and time', () => {
    const line = JSON.parse(logged(log => log.info({ claimId: 'c1' }, 'claim started')))
    expect(line).toMatchObject({ service: 'test', level: 'info', claimId: 'c1', msg: 'claim started' })
    expect(Date.parse(line.time)).toBeGreaterThan(0)
  })

  it.each([
    ['a token', { token: 'eyJhbGciOi' }],
    ['a ticket', { ticket: 'eyJhbGciOi' }],
    ['headers', { headers: { authorization: 'eyJhbGciOi' } }],
    ['a field of a child', { cookie: 'eyJhbGciOi' }],
  ])('drops %s, as anything not on its list', (_name, fields) => {
    expect(logged(log => log.info(fields, 'x'))).not.toContain('eyJhbGciOi')
    expect(logged(log => log.child(fields).warn({}, 'x'))).not.toContain('eyJhbGciOi')
  })

  it('reduces an error to name, code and message', () => {
    const error = Object.assign(new Error('refused', { cause: new TypeError('inner') }), {
      code: 'E1',
      request: 'eyJhbGciOi',
    })
    const text = logged(log => log.error({ err: error }, 'failed'))
    expect(JSON.parse(text).err).toEqual({
      name: 'Error',
      message: 'refused',
      code: 'E1',
      cause: { name: 'TypeError', message: 'inner' },
    })
    expect(text).not.toContain('eyJhbGciOi')
  })
})
