import { builderLossTexts } from '@forkproof/contracts/builder'
import { adviceFor, type ErrorCode, errorTable, refusalReasons } from '@forkproof/contracts/errors'

/** The page of errors, made from the closed table and from what the claimant advises. */
export function errorsPage(): string {
  const refusals = new Set<string>(refusalReasons)
  const codes = Object.keys(errorTable) as ErrorCode[]
  return [
    introduction,
    '## Refused claims and runs\n\nThese are outcomes, not faults: a claim’s verdict and a build’s reason carry them too.',
    tableOf(codes.filter(code => refusals.has(code))),
    '## All others',
    tableOf(codes.filter(code => !refusals.has(code))),
    '## Why a builder was lost\n\n`builder_lost` comes with one of these reasons, in the event, in the build’s state and in the client’s last line.',
    ['| reason | meaning |', '|---|---|', ...Object.entries(builderLossTexts).map(row)].join('\n'),
  ]
    .join('\n\n')
    .concat('\n')
}

const row = ([reason, text]: [string, string]) => `| \`${reason}\` | ${text} |`

function tableOf(codes: readonly ErrorCode[]): string {
  const rows = codes.map(code => {
    const { status, retryable, title } = errorTable[code]
    const advice = adviceFor(code) ?? ''
    return `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${title} | ${advice} |`
  })
  return ['| code | status | retryable | title | what the claimant advises |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  )
}

const introduction = `# Errors

<!-- Made by \`npm run docs\` from shared/contracts/errors.ts. Change the code, not this page. -->

Answers are \`application/problem+json\` (RFC 9457) with \`code\`. The routes under \`/oauth/\` answer as RFC 6749 section 5.2 says, whatever \`Accept\`
asks for. The Depot-compatible API answers in the form of the Connect protocol. *Retryable* means that the same request may succeed later.
The title is constant; a \`detail\` may say more. The cause is in the service's log, under the answer's correlation id.`
