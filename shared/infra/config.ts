import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { Secret } from './secret.ts'

/**
 * One setting: where it comes from, what it may be, and what it is for. A setting without `default` is required.
 * docs/glossary.md: options.
 */
export interface Setting {
  readonly env: string
  readonly schema: z.ZodType
  readonly description: string
  readonly default?: unknown
  /** Kept apart: becomes a `Secret`, and may be given as a file by `<env>_FILE`. */
  readonly secret?: true
  /** Absent and without default means `undefined` instead of an error. */
  readonly optional?: true
}

type Value<S extends Setting> = S extends { secret: true }
  ? S extends { optional: true }
    ? Secret<z.output<S['schema']>> | undefined
    : Secret<z.output<S['schema']>>
  : S extends { optional: true }
    ? z.output<S['schema']> | undefined
    : z.output<S['schema']>

export type Settings<D extends Record<string, Setting>> = { readonly [K in keyof D]: Value<D[K]> }

/** All that is wrong with the environment, at once. Values are never part of the text: they may be secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map(problem => `  - ${problem}`).join('\n')}`,
    )
    this.problems = problems
  }
}

export const defineSettings = <const D extends Record<string, Setting>>(definition: D): D => definition

/** @throws ConfigError with every problem found */
export function loadSettings<const D extends Record<string, Setting>>(
  definition: D,
  env: NodeJS.ProcessEnv,
): Settings<D> {
  const problems: string[] = []
  const entries = Object.entries(definition).map(
    ([name, setting]) => [name, readSetting(setting, env, problems)] as const,
  )
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(Object.fromEntries(entries)) as Settings<D>
}

function readSetting(setting: Setting, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  const raw = readRaw(setting, env, problems)
  if (raw === undefined && setting.default === undefined) {
    if (!setting.optional) problems.push(`${setting.env} is missing: ${setting.description}`)
    return undefined
  }
  const parsed = setting.schema.safeParse(raw ?? setting.default)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${setting.env}: ${issue.message} (${setting.description})`)
    return undefined
  }
  return setting.secret ? new Secret(parsed.data) : parsed.data
}

function readRaw(setting: Setting, env: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  const direct = env[setting.env]
  const file = setting.secret ? env[`${setting.env}_FILE`] : undefined
  if (direct && file) problems.push(`${setting.env} and ${setting.env}_FILE are both set: keep one`)
  // An empty variable is what compose files make of an unset one: treated as absent.
  if (!file) return direct === '' ? undefined : direct
  try {
    return readFileSync(file, 'utf8').trimEnd()
  } catch {
    problems.push(`${setting.env}_FILE cannot be read`)
    return undefined
  }
}
