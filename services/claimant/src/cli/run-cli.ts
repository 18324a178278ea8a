import { ClaimFailure, describeFailure } from '../claiming/claim-failure.ts'
import { describeToken, type ObtainedToken, obtainToken } from '../claiming/obtain-token.ts'
import type { ClaimPorts, Clock } from '../claiming/ports.ts'
import { readEventFile } from '../environment/event-file.ts'
import { type RunEnvironment, recogniseRun, type Variables } from '../environment/run-environment.ts'
import { type Command, type Output, parseArguments } from './arguments.ts'
import { writePrivateFile } from './private-file.ts'
import { begin, finish } from './two-steps.ts'
import { stepNameHelp, usage } from './usage.ts'

export interface Terminal {
  readonly argv: readonly string[]
  readonly env: Variables
  readonly version: string
  readonly clock: Clock
  readonly random: () => number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const exitCode = { done: 0, failed: 1, misuse: 2, cannot: 3 } as const
type ExitCode = (typeof exitCode)[keyof typeof exitCode]
/** See handOver. */
const maskSettleMs = 100

/** The whole command line. Resolves to the exit code; never rejects. */
export async function runCli(terminal: Terminal): Promise<ExitCode> {
  const command = parseArguments(terminal.argv)
  try {
    return await execute(command, terminal)
  } catch (error) {
    if (!(error instanceof ClaimFailure)) {
      // The class only: a foreign message may quote what it was given.
      terminal.err(`forkproof: unexpected ${error instanceof Error ? error.name : 'error'} in the client itself\n`)
      return exitCode.failed
    }
    terminal.err(`forkproof: ${describeFailure(error)}\n`)
    return error.kind === 'cannot' ? exitCode.cannot : exitCode.failed
  }
}

async function execute(command: Command, terminal: Terminal): Promise<ExitCode> {
  switch (command.kind) {
    case 'help':
      terminal.out(usage)
      return exitCode.done
    case 'version':
      terminal.out(`${terminal.version}\n`)
      return exitCode.done
    case 'step-name':
      terminal.out(stepNameHelp)
      return exitCode.done
    case 'misuse':
      terminal.err(`${command.problems.map(problem => `forkproof: ${problem}`).join('\n')}\n\n${usage}`)
      return exitCode.misuse
    default:
      return claim(command, terminal)
  }
}

async function claim(
  command: Extract<Command, { kind: 'token' | 'begin' | 'finish' }>,
  terminal: Terminal,
): Promise<ExitCode> {
  const { env } = terminal
  const where: RunEnvironment = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const ports = cliPorts(terminal)
  if (command.kind === 'begin') {
    terminal.out(`${await begin(command, where, env, ports)}\n`)
    return exitCode.done
  }
  if (command.kind === 'finish') {
    await handOver(await finish(command, where, env, ports), command.output, terminal)
    return exitCode.done
  }
  const wish = { ...command.settings, channels: command.channels }
  const token = await obtainToken(where, wish, ports)
  ports.journal.say(describeToken(token, command.settings.audience))
  await handOver(token, command.output, terminal)
  return exitCode.done
}

/**
 * The mask goes to standard error, because a shell may be reading standard output; the runner obeys commands on both. It reads them by two
 * threads and handles standard error first, so a moment between the two keeps an uncaptured token from overtaking its mask.
 */
async function handOver(token: ObtainedToken, output: Output, terminal: Terminal): Promise<void> {
  if (terminal.env['GITHUB_ACTIONS'] === 'true') {
    terminal.err(`::add-mask::${token.jwt}\n`)
    await terminal.clock.sleep(maskSettleMs, new AbortController().signal)
  }
  const text = `${output.json ? JSON.stringify(asJson(token)) : token.jwt}\n`
  if (output.file === undefined) terminal.out(text)
  else await writePrivateFile(output.file, text)
}

const asJson = (token: ObtainedToken) => ({
  token: token.jwt,
  source: token.source,
  proof: token.proof,
  ...(token.claimId === undefined ? {} : { claimId: token.claimId }),
  expiresAt: new Date(token.expiresAtSeconds * 1_000).toISOString(),
  tookMs: token.tookMs,
})

function cliPorts(terminal: Terminal): ClaimPorts {
  // The challenge's sentence must be a whole line of its own, so no line has a prefix.
  const say = (line: string) => terminal.err(`${line}\n`)
  return { clock: terminal.clock, random: terminal.random, journal: { say, warn: say } }
}
