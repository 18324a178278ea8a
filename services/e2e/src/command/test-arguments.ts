import { type SuiteSelection, selectSuites, suiteList } from './test-suites.ts'

const usage = () => `usage: npm test -- [--list] [--no-install] [SUITE …] [flags of vitest]

  --list         print the suites and stop
  --no-install   print what the machine lacks instead of installing it

Every suite runs when none is named. Suites:
${suiteList()}`

export type TestArguments =
  | { readonly action: 'print'; readonly text: string }
  | { readonly action: 'refuse'; readonly message: string }
  | {
      readonly action: 'run'
      readonly selection: SuiteSelection
      readonly install: boolean
      /** From the first flag on that is not one of ours. */
      readonly vitestFlags: readonly string[]
    }

/** The words after `npm test --`. */
export function parseTestArguments(words: readonly string[]): TestArguments {
  const isOurs = (word: string) => word === '--list' || word === '--no-install' || !word.startsWith('-')
  const end = words.findIndex(word => !isOurs(word))
  const ours = end === -1 ? words : words.slice(0, end)
  const vitestFlags = words.slice(ours.length)
  if (ours.includes('--list')) return { action: 'print', text: suiteList() }
  if (vitestFlags[0] === '--help' || vitestFlags[0] === '-h') return { action: 'print', text: usage() }
  const selection = selectSuites(ours.filter(word => !word.startsWith('-')))
  if ('unknown' in selection) {
    return { action: 'refuse', message: `there is no suite ${selection.unknown.join(', ')}\n\n${usage()}` }
  }
  return { action: 'run', selection, install: !ours.includes('--no-install'), vitestFlags }
}
