import { challengeSentence } from '@forkproof/contracts/challenge'
import { ChallengeCode, challengeCodePrefix } from '@forkproof/contracts/ids'

/** All sentences have the same length, so that most lines of a log are rejected by length alone. */
const sentenceLength = challengeSentence(ChallengeCode.parse(challengeCodePrefix + '0'.repeat(64))).length

/**
 * The code that a log line shows, if the line is the agreed sentence and nothing else.
 * A title, a path or a quotation around it means that something other than a claimant printed it.
 */
export function shownCode(line: string): ChallengeCode | undefined {
  if (line.length !== sentenceLength) return undefined
  const code = ChallengeCode.safeParse(line.slice(line.lastIndexOf(' ') + 1))
  return code.success && challengeSentence(code.data) === line ? code.data : undefined
}

/** All codes of these lines, at most `codesMax`; the newest are kept. */
export function shownCodes(lines: readonly string[], codesMax: number): ReadonlySet<string> {
  const codes = new Set<string>()
  for (const line of lines.toReversed()) {
    const code = shownCode(line)
    if (code !== undefined) codes.add(code)
    if (codes.size >= codesMax) break
  }
  return codes
}
