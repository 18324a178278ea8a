import { spawn } from 'node:child_process'

const answerBytesMax = 65_536
const reasonCharactersMax = 2_000

type TokenVerification =
  | { readonly verified: true; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly verified: false; readonly reason: string }

/**
 * Has the verify-token program (Go, go-oidc) judge a token, beginning with the issuer's discovery document.
 * A refusal is a value; a program that cannot run or is used wrongly is an error.
 * The token goes through standard input, where no process list shows it.
 */
export async function verifyTokenWith(
  program: string,
  input: { issuer: string; audience: string; token: string },
  signal: AbortSignal,
): Promise<TokenVerification> {
  const child = spawn(program, ['-issuer', input.issuer, '-audience', input.audience], {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
  })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input.token)
  const [code, output, problem] = await Promise.all([closed, bounded(child.stdout), bounded(child.stderr)])
  if (code === 0) return { verified: true, claims: JSON.parse(output) as Record<string, unknown> }
  const reason = problem.trim().slice(0, reasonCharactersMax)
  if (code !== 1) throw new Error(`verify-token ended with ${code}: ${reason}`)
  return { verified: false, reason: reason.replace(/^refused: /, '') }
}

async function bounded(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of stream) if (text.length < answerBytesMax) text += chunk.toString('utf8')
  return text
}
