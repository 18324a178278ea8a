import { keepAliveUntilGone } from '../building/keep-alive-process.ts'
import { ClaimFailure, describeFailure } from '../claiming/claim-failure.ts'
import { describeToken, type ObtainedToken, obtainToken } from '../claiming/obtain-token.ts'
import { useEnvironmentProxy } from '../environment/environment-proxy.ts'
import { readEventFile } from '../environment/event-file.ts'
import { writePrivateFile } from '../environment/private-file.ts'
import { type RunEnvironment, recogniseRun } from '../environment/run-environment.ts'
import { type CliCommand, parseCliArguments, type TokenOutput } from './arguments.ts'
import { runBuild } from './run-build.ts'
import { endHeldBuild, runBuilder } from './run-builder.ts'
import { beginDoctor, runDoctor } from './run-doctor.ts'
import { type CliTerminal, cliDeps, exitCode, maskSecret } from './terminal.ts'
import { beginToken, finishToken } from './two-step-token.ts'
import { cliUsage, stepNameHelp } from './usage.ts'

/** The commands that ask a server something. */
const goesOut: ReadonlySet<CliCommand['kind']> = new Set([
  'token',
  'begin',
  'finish',
  'build',
  'builder',
  'builder-end',
  'builder-keep-alive',
  'doctor',
])

/** How long the runner needs to read the mask; see `handOver`. */
const maskSettleMs = 100

/** The whole command line. Resolves to the exit code; never rejects. */
export async function runCli(terminal: CliTerminal): Promise<number> {
  const { env } = terminal
  const fallbacks = {
    issuer: env['FORKPROOF_ISSUER'],
    project: env['FORKPROOF_PROJECT'],
    depotUrl: env['DEPOT_API_URL'],
  }
  const command = parseCliArguments(terminal.argv, fallbacks)
  try {
    if (goesOut.has(command.kind)) await useEnvironmentProxy(env)
    return await runCommandLine(command, terminal)
  } catch (error) {
    if (!(error instanceof ClaimFailure)) {
      // The class only, because a foreign message may quote a secret that it was given.
      terminal.err(`forkproof: unexpected ${error instanceof Error ? error.name : 'error'} in the client itself\n`)
      return exitCode.failed
    }
    terminal.err(`forkproof: ${describeFailure(error)}\n`)
    return error.kind === 'cannot' ? exitCode.cannot : exitCode.failed
  }
}

async function runCommandLine(command: CliCommand, terminal: CliTerminal): Promise<number> {
  switch (command.kind) {
    case 'help':
      terminal.out(cliUsage)
      return exitCode.done
    case 'version':
      terminal.out(`${terminal.version}\n`)
      return exitCode.done
    case 'step-name':
      terminal.out(stepNameHelp)
      return exitCode.done
    case 'misuse':
      terminal.err(`${command.problems.map(problem => `forkproof: ${problem}`).join('\n')}\n\n${cliUsage}`)
      return exitCode.misuse
    case 'build':
      return runBuild(command, terminal)
    case 'builder':
      return runBuilder(command, terminal)
    case 'builder-end':
      return endHeldBuild(command, terminal)
    case 'doctor-begin':
      return beginDoctor(terminal)
    case 'doctor':
      return runDoctor(command, terminal)
    case 'builder-keep-alive':
      await keepAliveUntilGone(command.folder, cliDeps(terminal))
      return exitCode.done
    default:
      return runToken(command, terminal)
  }
}

async function runToken(
  command: Extract<CliCommand, { kind: 'token' | 'begin' | 'finish' }>,
  terminal: CliTerminal,
): Promise<number> {
  const { env } = terminal
  const where: RunEnvironment = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const deps = cliDeps(terminal)
  if (command.kind === 'begin') {
    terminal.out(`${await beginToken(command, where, env, deps)}\n`)
    return exitCode.done
  }
  if (command.kind === 'finish') {
    await handOver(await finishToken(command, where, env, deps), command.output, terminal)
    return exitCode.done
  }
  const options = { ...command.settings, channels: command.channels, place: 'one step' } as const
  const token = await obtainToken(where, options, deps)
  deps.journal.say(describeToken(token, command.settings.audience))
  await handOver(token, command.output, terminal)
  return exitCode.done
}

/**
 * Prints the token after its mask. The mask goes to standard error, because a shell may be reading standard output.
 * The runner obeys commands on both, but reads them by two threads. A pause between the two keeps a token that no
 * shell captures from overtaking its mask.
 */
async function handOver(token: ObtainedToken, output: TokenOutput, terminal: CliTerminal): Promise<void> {
  if (terminal.env['GITHUB_ACTIONS'] === 'true') {
    maskSecret(token.jwt, terminal)
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
