import path from 'node:path'
import { endBuild } from '../building/build-client.ts'
import { readHeldBuild, removeBuildFolder } from '../building/held-build.ts'
import { holdBuilder } from '../building/hold-builder.ts'
import { describeBuildEnd, keepBuildAlive } from '../building/keep-alive.ts'
import { startKeepAliveProcess } from '../building/keep-alive-process.ts'
import type { LeasedBuild } from '../building/lease-builders.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { builderVariables } from '../clients/builder-variables.ts'
import { checkBuildx, createBuildxBuilder } from '../clients/buildx.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import type { BuildingCommand } from './build-arguments.ts'
import { Interrupts } from './interrupts.ts'
import { obtainCliAccess } from './obtain-cli-access.ts'
import { type CliTerminal, cliDeps, exitCode } from './terminal.ts'

type LeaseCommand = Extract<BuildingCommand, { kind: 'builder' }>

/** Leases builders, prints how to reach them and keeps them alive. @throws ClaimFailure */
export async function runBuilder(command: LeaseCommand, terminal: CliTerminal): Promise<number> {
  const { settings, buildx } = command
  const folder = folderOf(command.folder, terminal.env)
  if (command.print === 'buildx') await checkBuildx(buildx, terminal.env)
  const interrupts = new Interrupts(terminal)
  try {
    const accessToken = await interrupts.unlessInterrupted(obtainCliAccess(settings, terminal))
    const lease = await holdBuilder({ ...settings, accessToken, folder }, cliDeps(terminal), interrupts.signal)
    try {
      terminal.out(await describeLease(lease, command, folder, terminal.env))
      if (!command.foreground) startKeepAliveProcess(folder, terminal.script, terminal.env)
    } catch (error) {
      await endAndRemove(lease, folder)
      throw error
    }
    return command.foreground ? await hold(lease, folder, terminal, interrupts) : exitCode.done
  } catch (error) {
    if (interrupts.exitCode === undefined) throw error
    terminal.err('forkproof: cancelled; no builder is kept\n')
    return interrupts.exitCode
  } finally {
    interrupts.dispose()
  }
}

/** Keeps the build alive until an interrupt, which ends it, or until the service ends it. */
async function hold(
  lease: LeasedBuild,
  folder: string,
  terminal: CliTerminal,
  interrupts: Interrupts,
): Promise<number> {
  const outcome = await keepBuildAlive(lease.build, terminal, interrupts.signal)
  if (outcome === 'over') terminal.err(`forkproof: ${await describeBuildEnd(lease.build)}\n`)
  else await endBuild(lease.build, 'success')
  await removeBuildFolder(folder)
  return outcome === 'over' ? exitCode.failed : exitCode.done
}

async function endAndRemove({ build }: LeasedBuild, folder: string): Promise<void> {
  await endBuild(build, 'canceled')
  await removeBuildFolder(folder)
}

async function describeLease(
  lease: LeasedBuild,
  command: LeaseCommand,
  folder: string,
  env: EnvironmentVariables,
): Promise<string> {
  if (command.print === 'json') {
    const { build, expiresAt, builders } = lease
    return `${JSON.stringify({ buildId: build.buildId, expiresAt, folder, builders })}\n`
  }
  const variables = { FORKPROOF_BUILDER_FOLDER: folder, ...builderVariables(lease) }
  if (command.print === 'env') return asLines(variables)
  const config = command.buildxConfig ?? path.join(folder, 'buildx')
  return asLines({ ...variables, ...(await createBuildxBuilder(command.buildx, lease.builders, config, env)) })
}

/** The form of GITHUB_ENV. No value can hold a line break. */
const asLines = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Ends the build that `runBuilder` leased. @throws ClaimFailure */
export async function endHeldBuild(
  command: Extract<BuildingCommand, { kind: 'builder-end' }>,
  terminal: CliTerminal,
): Promise<number> {
  const folder = folderOf(command.folder || terminal.env['FORKPROOF_BUILDER_FOLDER'], terminal.env)
  const record = await readHeldBuild(folder)
  if (record === undefined) {
    throw new ClaimFailure('cannot', 'no_builder', {
      title: 'There is no builder to end',
      advice: 'Run `forkproof builder` in an earlier step of the same job, and --end only once.',
    })
  }
  const told = await endBuild(record, command.result)
  // Stops the process that keeps it alive, so that a build that could not be ended ends by itself.
  await removeBuildFolder(folder)
  terminal.err(
    told ? `Build ${record.buildId} is over.\n` : 'forkproof: the service could not be told; it notices by itself\n',
  )
  return told ? exitCode.done : exitCode.failed
}

function folderOf(given: string | undefined, env: EnvironmentVariables): string {
  if (given) return path.resolve(given)
  if (env['RUNNER_TEMP']) return path.join(env['RUNNER_TEMP'], 'forkproof-builder')
  throw new ClaimFailure('cannot', 'folder_missing', {
    title: 'There is no place for the builder’s credentials',
    advice: 'Name one with --folder (RUNNER_TEMP is not set here).',
  })
}
