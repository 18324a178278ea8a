import { tmpdir } from 'node:os'
import path from 'node:path'
import type { AccessToken } from '@forkproof/contracts/ids'
import { endBuild, type FinishResult } from '../building/build-client.ts'
import { privateFolder } from '../building/builder-files.ts'
import { removeBuildFolder } from '../building/held-build.ts'
import { describeBuildEnd, keepBuildAlive, serviceEndReason } from '../building/keep-alive.ts'
import { type LeasedBuild, leaseBuilders } from '../building/lease-builders.ts'
import { buildingLimits } from '../building/limits.ts'
import { buildctlCommand } from '../clients/buildctl.ts'
import { builderVariables } from '../clients/builder-variables.ts'
import { checkBuildx, createBuildxBuilder } from '../clients/buildx.ts'
import { checkProgram } from '../clients/check-program.ts'
import { depotVariables } from '../clients/depot.ts'
import { type CommandEnd, type RunningCommand, runCommand } from '../clients/run-command.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import type { BuildingCommand } from './build-arguments.ts'
import { Interrupts } from './interrupts.ts'
import { obtainCliAccess } from './obtain-cli-access.ts'
import { type CliTerminal, cliDeps, exitCode } from './terminal.ts'

type BuildCommand = Extract<BuildingCommand, { kind: 'build' }>

/** Runs the command on leased builders and ends the build. Resolves to the command's exit code. @throws ClaimFailure */
export async function runBuild(command: BuildCommand, terminal: CliTerminal): Promise<number> {
  const unusable = await whyUnusable(command, terminal)
  if (unusable !== undefined) return unusable
  const interrupts = new Interrupts(terminal)
  const folder = await privateFolder(terminal.env['RUNNER_TEMP'] || tmpdir())
  try {
    const accessToken = await interrupts.unlessInterrupted(obtainCliAccess(command.settings, terminal))
    if (command.client.kind === 'depot') return await runDepot(command, accessToken, terminal, interrupts)
    const options = { ...command.settings, accessToken, folder }
    const lease = await leaseBuilders(options, cliDeps(terminal), interrupts.signal)
    return await runCommandOn(lease, { command, folder, terminal, interrupts })
  } catch (error) {
    if (interrupts.exitCode === undefined) throw error
    terminal.err('forkproof: cancelled; no builder is kept\n')
    return interrupts.exitCode
  } finally {
    await removeBuildFolder(folder)
    interrupts.dispose()
  }
}

/** Checked before anything is claimed, because a builder that nothing can use is missing elsewhere. */
async function whyUnusable({ command, client }: BuildCommand, terminal: CliTerminal): Promise<number | undefined> {
  const [program = ''] = command
  const found = await checkProgram(program, terminal.env)
  if (found !== 'found') {
    terminal.err(`forkproof: ${program}: ${found === 'missing' ? 'command not found' : 'permission denied'}\n`)
    return found === 'missing' ? exitCode.commandMissing : exitCode.commandUnusable
  }
  if (client.kind === 'buildx') await checkBuildx(client.buildx, terminal.env)
  return undefined
}

interface CommandRun {
  readonly command: BuildCommand
  readonly folder: string
  readonly terminal: CliTerminal
  readonly interrupts: Interrupts
}

async function runCommandOn(lease: LeasedBuild, use: CommandRun): Promise<number> {
  let result: FinishResult = 'error'
  try {
    const { command, variables } = await prepareCommand(lease, use)
    use.interrupts.signal.throwIfAborted()
    const running = runCommand(command, { ...withoutSecrets(use.terminal.env), ...variables })
    use.interrupts.passOnTo(running)
    const { end, over } = await untilEnd(running, lease, use.terminal)
    if (over) return end.exitCode === 0 ? exitCode.done : exitCode.failed
    result = resultOf(end)
    return (await wasEndedByService(end, lease, use)) ? exitCode.failed : end.exitCode
  } finally {
    const told = await endBuild(lease.build, use.interrupts.exitCode === undefined ? result : 'canceled')
    if (!told)
      use.terminal.err('forkproof: the service could not be told that the build is over; it notices by itself\n')
  }
}

/** When a builder is taken away, the command fails first, with words about its connection. This adds the reason. */
async function wasEndedByService(
  end: CommandEnd,
  lease: LeasedBuild,
  { terminal, interrupts }: CommandRun,
): Promise<boolean> {
  if (end.exitCode === 0 || interrupts.exitCode !== undefined) return false
  const why = await serviceEndReason(lease.build)
  if (why !== undefined) terminal.err(`forkproof: ${why}\n`)
  return why !== undefined
}

async function prepareCommand(lease: LeasedBuild, { command: { client, command }, folder, terminal }: CommandRun) {
  const variables = builderVariables(lease)
  const [first] = lease.builders
  if (client.kind === 'buildctl' && first) return { command: buildctlCommand(command, first), variables }
  if (client.kind !== 'buildx') return { command, variables }
  const config = path.join(folder, 'buildx')
  const created = await createBuildxBuilder(client.buildx, lease.builders, config, terminal.env)
  return { command, variables: { ...variables, ...created } }
}

/** Resolves with the command's end. If the service ends the build first, the command is ended: it might hang. */
async function untilEnd(running: RunningCommand, lease: LeasedBuild, terminal: CliTerminal) {
  const stop = new AbortController()
  let over = false
  const watching = keepBuildAlive(lease.build, terminal, stop.signal).then(async outcome => {
    if (outcome === 'stopped') return
    over = true
    terminal.err(`forkproof: ${await describeBuildEnd(lease.build)}\n`)
    running.kill('SIGTERM')
    await terminal.clock.sleep(buildingLimits.orphanGraceMs, stop.signal).catch(() => undefined)
    running.kill('SIGKILL')
  })
  const end = await running.ended
  stop.abort()
  await watching
  return { end, over }
}

/** `depot` requests its builders itself, keeps them alive and ends its build. */
async function runDepot(
  { command, depotUrl, settings: { projectId } }: BuildCommand,
  accessToken: AccessToken,
  { env }: CliTerminal,
  interrupts: Interrupts,
): Promise<number> {
  const variables = depotVariables({ accessToken, projectId, apiUrl: depotUrl }, env)
  const running = runCommand(command, { ...withoutSecrets(env), ...variables })
  interrupts.passOnTo(running)
  return (await running.ended).exitCode
}

const resultOf = ({ exitCode: code, signal }: CommandEnd): FinishResult =>
  code === 0 ? 'success' : signal === undefined ? 'error' : 'canceled'

/** The command gets its builder, but not the tokens that opened it. */
function withoutSecrets(env: EnvironmentVariables): EnvironmentVariables {
  const { FORKPROOF_ID_TOKEN: _idToken, FORKPROOF_ACCESS_TOKEN: _accessToken, ...rest } = env
  return rest
}
