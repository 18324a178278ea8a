import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { strict } from './strict.ts'
import { sampleBuildMessages } from './testing/sample-builds.ts'
import { sampleClaimMessages } from './testing/sample-claims.ts'
import { sampleDocuments } from './testing/sample-documents.ts'

const sampleMessages = [...sampleClaimMessages, ...sampleBuildMessages, ...sampleDocuments]

/*
 * Two releases run side by side during an upgrade: the newer one writes members that the older one does not know, and
 * the older one leaves out what the newer one could read. Both are read here. Strict at reading are only keys, where an
 * unknown member may be a private one, and trust rules, where it may be a condition; and the attestation, which is a
 * statement and no message.
 */
const strictAtReading = [/\bsealKey$/, /\bkeys\.0$/, /\brelationships\.0\.rule(\.grant)?$/]

type Path = readonly (string | number)[]

/** The objects within a value that are described by members, each by its path; not those whose members are data. */
function objectsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || path.at(-1) === 'during') return []
  const within = Object.entries(value).flatMap(([name, member]) => objectsIn(member, [...path, name]))
  return Array.isArray(value) ? within : [path, ...within]
}

const objectAt = (value: unknown, path: Path): object =>
  path.reduce((from: unknown, name) => (from as Record<string | number, unknown>)[name], value) as object

/** A copy in which `change` was made to the object at a path. */
function changed(value: unknown, path: Path, change: (object: Record<string, unknown>) => void): unknown {
  const copy: unknown = structuredClone(value)
  change(objectAt(copy, path) as Record<string, unknown>)
  return copy
}

const at = (path: Path): string => (path.length === 0 ? 'the top' : path.join('.'))
const levels = sampleMessages.flatMap(({ name, schema, value }) =>
  objectsIn(value).map(path => ({ name, schema, value, path, where: at(path) })),
)
const tolerantLevels = levels.filter(({ where }) => !strictAtReading.some(pattern => pattern.test(where)))
const strictLevels = levels.filter(({ where }) => strictAtReading.some(pattern => pattern.test(where)))

/** Every place that says why a builder was lost: a list that grows, beside a fact that must not be lost. */
const lossReasons = levels.filter(({ value, path }) => 'lossReason' in objectAt(value, path))

/** Members without which the value is still the same kind of message: `$ZodOptional` and whatever has a default. */
const removable = levels.flatMap(level =>
  Object.keys(objectAt(level.value, level.path))
    .filter(member => isOptionalAt(level.schema, level.value, [...level.path, member]))
    .map(member => ({ ...level, member })),
)

/** Does the schema say that the member at the path may be absent? */
function isOptionalAt(schema: z.core.$ZodType, value: unknown, path: Path): boolean {
  const [name, ...rest] = path
  const { def } = (schema as z.core.$ZodTypes)._zod
  const member = (from: unknown) => (from as Record<string | number, unknown>)[name as string]
  if (def.type === 'object') {
    const inner = def.shape[name as string]
    if (!inner) return false
    return rest.length === 0 ? inner._zod.optin === 'optional' : isOptionalAt(inner, member(value), rest)
  }
  if (def.type === 'array') return isOptionalAt(def.element, member(value), rest)
  if (def.type === 'union') {
    const option = def.options.find(one => z.safeParse(strict(one as z.ZodType), value).success)
    return option !== undefined && isOptionalAt(option, value, path)
  }
  if ('innerType' in def) return isOptionalAt(def.innerType as z.core.$ZodType, value, path)
  return false
}

describe('a reader of the release before', () => {
  it.each(tolerantLevels)(
    'reads $name with one member more in $where, and leaves that out',
    ({ schema, value, path }) => {
      const later = changed(value, path, object => {
        object['ofTheNextRelease'] = { any: 'thing' }
      })
      expect(schema.parse(later)).toEqual(schema.parse(value))
    },
  )

  it.each(strictLevels)('refuses $name with one member more in $where', ({ schema, value, path }) => {
    const later = changed(value, path, object => {
      object['d'] = 'secret'
    })
    expect(schema.safeParse(later).success).toBe(false)
  })

  it.each(lossReasons)('reads $name with a reason in $where that only the next one knows, and says none', one => {
    const later = changed(one.value, one.path, object => {
      object['lossReason'] = 'of_the_next_release'
    })
    const without = changed(one.value, one.path, object => {
      delete object['lossReason']
    })
    expect(one.schema.parse(later)).toEqual(one.schema.parse(without))
    expect(strict(one.schema).safeParse(later).success, 'a writer of it').toBe(false)
  })

  it('is strict in few places', () => {
    expect([...new Set(strictLevels.map(({ where }) => where))].toSorted()).toEqual([
      'data.sealKey',
      'keys.0',
      'order.sealKey',
      'relationships.0.rule',
      'relationships.0.rule.grant',
      'sealKey',
    ])
  })
})

describe('a reader of the release after', () => {
  it.each(removable)('reads $name without $member in $where', ({ schema, value, path, member }) => {
    const earlier = changed(value, path, object => {
      delete object[member]
    })
    expect(schema.safeParse(earlier).error).toBeUndefined()
  })

  it('finds every optional member in the samples', () => {
    expect(removable.length).toBeGreaterThanOrEqual(40)
  })
})

describe('a writer', () => {
  it.each(sampleMessages)('sends $name as it is', ({ schema, value }) => {
    expect(strict(schema).parse(value)).toEqual(value)
  })

  it.each(levels)('refuses $name with one member too many in $where', ({ schema, value, path }) => {
    const wrong = changed(value, path, object => {
      object['typo'] = 1
    })
    expect(strict(schema).safeParse(wrong).success).toBe(false)
  })
})
