import { parseArgs } from 'node:util'
import type { ChainVerdict, Expectations } from './verify-chain.ts'

export const issuanceUsage = `usage: npm run issuance -- <what> [--json]
  verify                          walk the whole log; exit 1 and name the first bad entry
    --expect-head <hash>          the log must end with this hash
    --expect-contains <seq:hash>  the log must contain this entry, noted earlier
  tail [count]                    show the last entries (default 10)
`

type IssuanceCommand =
  | { readonly command: 'verify'; readonly json: boolean; readonly expected: Expectations }
  | { readonly command: 'tail'; readonly json: boolean; readonly count: number }

const tailDefault = 10
const tailMax = 10_000

/** `undefined` for anything that is not exactly a command. */
export function parseIssuanceCommand(args: readonly string[]): IssuanceCommand | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: {
        json: { type: 'boolean', default: false },
        'expect-head': { type: 'string' },
        'expect-contains': { type: 'string' },
      },
    })
    const { json, 'expect-head': head, 'expect-contains': noted } = values
    const [word, count = String(tailDefault), ...more] = positionals
    if (word === 'verify' && positionals.length === 1) {
      const contains = noted === undefined ? undefined : parseNoted(noted)
      if ((noted !== undefined && !contains) || (head !== undefined && !isHash(head))) return undefined
      return { command: 'verify', json, expected: { head, contains } }
    }
    if (word !== 'tail' || more.length > 0 || head !== undefined || noted !== undefined) return undefined
    if (!/^[1-9][0-9]{0,4}$/.test(count) || Number(count) > tailMax) return undefined
    return { command: 'tail', json, count: Number(count) }
  } catch {
    return undefined
  }
}

export const describeVerdict = (verdict: ChainVerdict): string =>
  verdict.verdict === 'intact'
    ? `intact: ${verdict.count} entries, head ${verdict.head}\n`
    : `broken at entry ${verdict.sequence}: ${verdict.problem}\n`

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

function parseNoted(text: string): Expectations['contains'] {
  const match = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text)
  return match?.[2] === undefined ? undefined : { seq: Number(match[1]), hash: match[2] }
}
