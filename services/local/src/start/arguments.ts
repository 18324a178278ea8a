import { parseArgs } from 'node:util'

export const startUsage = `usage: npm start -- [--once] [--json] [--no-install]

  --once         stop everything after the demo; exit 0 when the token was minted and verified, 1 otherwise
  --json         print only progress on standard error, and one JSON object as the last line of standard output
  --no-install   print what the machine lacks instead of installing it

Ports and folders are settings of the environment; see docs/settings.md.
`

export interface StartArguments {
  readonly once: boolean
  readonly json: boolean
  readonly install: boolean
}

/** `undefined` for anything that is not in the usage. */
export function parseArguments(args: readonly string[]): StartArguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'no-install': { type: 'boolean', default: false },
      },
    })
    return { once: values.once, json: values.json, install: !values['no-install'] }
  } catch {
    return undefined
  }
}
