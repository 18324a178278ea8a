import { AppError } from '@forkproof/contracts/errors'

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
const forbiddenNames = ['__proto__', 'constructor', 'prototype']

/**
 * Names that make this JSON text mean different things to different readers: a member named twice (RFC 8259
 * section 4: a proxy or a log in front may have read the other one), or one that reaches for an object's
 * prototype. The text must already have parsed as JSON.
 */
export function ambiguousMember(json: string): 'duplicate' | 'prototype' | undefined {
  const open: (Set<string> | undefined)[] = []
  let lastString = '""'
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      // Escapes are resolved, so that two spellings of one name are one name.
      const name = String(JSON.parse(lastString))
      const members = open.at(-1)
      if (forbiddenNames.includes(name)) return 'prototype'
      if (members?.has(name)) return 'duplicate'
      members?.add(name)
    } else if (token !== ',') lastString = token
  }
  return undefined
}

const refusals = { duplicate: 'a member is named twice', prototype: 'a member has a forbidden name' } as const

/** A string of JSON that has an escape of half a surrogate pair. */
const hasLoneSurrogate = (json: string): boolean =>
  /\\u[dD][89abAB]/.test(json) || /\\u[dD][c-fC-F]/.test(json)
    ? (json.match(/"(?:[^"\\]|\\.)*"/g) ?? []).some(string => !String(JSON.parse(string)).isWellFormed())
    : false

/** Parses a request's JSON strictly. @throws AppError invalid_request */
export function parseJsonBody(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AppError('invalid_request', { detail: 'the body is not JSON' })
  }
  // RFC 8259 section 8.2: readers differ in what they make of it, and as UTF-8 it cannot be written.
  if (hasLoneSurrogate(text)) throw new AppError('invalid_request', { detail: 'a text is not Unicode' })
  const problem = ambiguousMember(text)
  if (problem) throw new AppError('invalid_request', { detail: refusals[problem] })
  return value
}
