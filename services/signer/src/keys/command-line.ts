import { KeyId } from '@forkproof/contracts/ids'
import type { KeyChangeResult, KeyOperation, KeySummary } from '@forkproof/workflows/keys/api'

export const keysUsage = `usage: npm run keys -- <what> [--json]
  status           show all keys
  prepare          make the next key and publish it; it does not sign yet
  activate <kid>   sign with a prepared key from now on; retires the active one
  retire <kid>     give up a prepared key
  taint <kid>      the key is compromised: out of the JWKS and out of use at once
  drop <kid>       forget a retired or tainted key
`

interface KeysCommand {
  readonly operation: KeyOperation
  readonly json: boolean
}

/** `undefined` for anything that is not exactly a command. */
export function parseKeysCommand(args: readonly string[]): KeysCommand | undefined {
  // Not parseArgs: one key id in 64 begins with "-" and would be taken for an option.
  const operation = parseOperation(args.filter(arg => arg !== '--json'))
  return operation && { operation, json: args.includes('--json') }
}

function parseOperation([word, ...rest]: readonly string[]): KeyOperation | undefined {
  switch (word) {
    case 'status':
    case 'prepare':
      return rest.length === 0 ? { operation: word } : undefined
    case 'activate':
    case 'retire':
    case 'taint':
    case 'drop': {
      const keyId = KeyId.safeParse(rest[0])
      return keyId.success && rest.length === 1 ? { operation: word, keyId: keyId.data } : undefined
    }
    default:
      return undefined
  }
}

/** Text for people; `--json` prints the result as it is. */
export function describeKeys(result: KeyChangeResult): string {
  const rows = result.keys.map(row)
  const table = [['key id', 'state', 'prepared', 'activated', 'retired', 'tainted'], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map(cells => cells[column]?.length ?? 0))) ?? []
  const lines = table.map(cells =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const refusal = result.outcome === 'refused' ? [`refused (${result.code}): ${result.detail}`] : []
  return `${[...lines, ...refusal].join('\n')}\n`
}

const row = (key: KeySummary): string[] => [
  key.keyId,
  key.state,
  time(key.preparedAtMs),
  time(key.activatedAtMs),
  time(key.retiredAtMs),
  time(key.taintedAtMs),
]

const time = (ms: number | undefined): string =>
  ms === undefined ? '-' : `${new Date(ms).toISOString().slice(0, 19)}Z`
