import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, defineSettings, loadSettings } from './config.ts'

const definition = defineSettings({
  port: { env: 'T_PORT', schema: z.coerce.number().int().min(1).max(65_535), default: 8080, description: 'port' },
  mode: { env: 'T_MODE', schema: z.enum(['any', 'listed']), description: 'whom to serve' },
  password: { env: 'T_PASSWORD', schema: z.string().min(16), secret: true, description: 'the password' },
  cookie: { env: 'T_COOKIE', schema: z.string(), secret: true, optional: true, description: 'a cookie' },
})
const good = { T_MODE: 'any', T_PASSWORD: 'correct horse battery' }

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadSettings(definition, env)
    return []
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)]
  }
}

describe('loadSettings', () => {
  it('reads, converts, fills in defaults and freezes', () => {
    const config = loadSettings(definition, { ...good, T_PORT: '9000' })
    expect(config.port).toBe(9000)
    expect(config.mode).toBe('any')
    expect(config.password.reveal()).toBe('correct horse battery')
    expect(config.cookie).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('reports every problem at once', () => {
    expect(problemsOf({ T_PORT: 'ninety', T_MODE: 'ANY', T_PASSWORD: 'short' })).toHaveLength(3)
  })

  it.each([
    ['a port out of range', { ...good, T_PORT: '70000' }, 'T_PORT'],
    ['a port with a fraction', { ...good, T_PORT: '80.5' }, 'T_PORT'],
    ['an unknown word', { ...good, T_MODE: 'everyone' }, 'T_MODE'],
    ['a missing required setting', { T_PASSWORD: good.T_PASSWORD }, 'T_MODE is missing'],
    ['an empty required setting', { ...good, T_MODE: '' }, 'T_MODE is missing'],
    ['a secret given twice', { ...good, T_PASSWORD_FILE: '/nowhere' }, 'both set'],
    ['a secret file that is not there', { T_MODE: 'any', T_PASSWORD_FILE: '/nowhere' }, 'cannot be read'],
  ])('refuses %s and names it', (_name, env, expected) => {
    expect(problemsOf(env).join('\n')).toContain(expected)
  })

  it('never quotes a value, which may be a secret', () => {
    expect(problemsOf({ ...good, T_PASSWORD: 'hunter2' }).join('\n')).not.toContain('hunter2')
  })

  it('reads a secret from a file, without the last line end', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'password')
    writeFileSync(file, 'from a file, long enough\n')
    const config = loadSettings(definition, { T_MODE: 'any', T_PASSWORD_FILE: file })
    expect(config.password.reveal()).toBe('from a file, long enough')
  })
})
