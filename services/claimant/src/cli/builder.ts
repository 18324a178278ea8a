import path from 'node:path'
import { endBuild } from '../building/build-client.ts'
import { readBuildRecord, removeBuildFolder } from '../building/build-record.ts'
import { holdBuilder } from '../building/hold-builder.ts'
import { keepAlive, whyOver } from '../building/keep-alive.ts'
import { startKeeper } from '../building/keeper.ts'
import type { LeasedBuild } from '../building/lease-builders.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { builderVariables } from '../clients/builder-variables.ts'
import { checkBuildx, createBuildxBuilder } from '../clients/buildx.ts'
import type { Variables } from '../environment/run-environment.ts'
import { accessOfRun } from './access-of-run.ts'
import type { BuildingCommand } from './build-arguments.ts'
import { Interrupts } from './interrupts.ts'
import { cliPorts, exitCode, type Terminal } from './terminal.ts'

type BuilderCommand = Extract<BuildingCommand, { kind: 'builder' }>

/** Leases builders, prints how to use them, and has them kept alive. @throws ClaimFailure */
export async function builder(command: BuilderCommand, terminal: Terminal): Promise<number> {
  const { settings, buildx } = command
  const folder = folderOf(command.folder, terminal.env)
  if (command.print === 'buildx') await checkBuildx(buildx, terminal.env)
  const interrupts = new Interrupts(terminal)
  try {
    const accessToken = await interrupts.unlessInterrupted(accessOfRun(settings, terminal))
    const lease = await holdBuilder({ ...settings, accessToken, folder }, cliPorts(terminal), interrupts.signal)
    try {
      terminal.out(await describe(lease, command, folder, terminal.env))
      if (!command.foreground) startKeeper(folder, terminal.script, terminal.env)
    } catch (error) {
      await giveUp(lease, folder)
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

/** Until someone interrupts, which is the way to end it, or the build is over. */
async function hold(lease: LeasedBuild, folder: string, terminal: Terminal, interrupts: Interrupts): Promise<number> {
  const outcome = await keepAlive(lease.build, terminal, interrupts.signal)
  if (outcome === 'over') terminal.err(`forkproof: ${await whyOver(lease.build)}\n`)
  else await endBuild(lease.build, 'success')
  await removeBuildFolder(folder)
  return outcome === 'over' ? exitCode.failed : exitCode.done
}

async function giveUp({ build }: LeasedBuild, folder: string): Promise<void> {
  await endBuild(build, 'canceled')
  await removeBuildFolder(folder)
}

async function describe(lease: LeasedBuild, command: BuilderCommand, folder: string, env: Variables): Promise<string> {
  if (command.print === 'json') {
    const { build, expiresAt, builders } = lease
    return `${JSON.stringify({ buildId: build.buildId, expiresAt, folder, builders })}\n`
  }
  const variables = { FORKPROOF_BUILDER_FOLDER: folder, ...builderVariables(lease) }
  if (command.print === 'env') return asLines(variables)
  const config = command.buildxConfig ?? path.join(folder, 'buildx')
  return asLines({ ...variables, ...(await createBuildxBuilder(command.buildx, lease.builders, config, env)) })
}

/** As GITHUB_ENV wants it; no value can hold a line break. */
const asLines = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Gives up what `builder` leased. @throws ClaimFailure */
export async function endBuilder(
  command: Extract<BuildingCommand, { kind: 'builder-end' }>,
  terminal: Terminal,
): Promise<number> {
  const folder = folderOf(command.folder || terminal.env['FORKPROOF_BUILDER_FOLDER'], terminal.env)
  const record = await readBuildRecord(folder)
  if (record === undefined) {
    throw new ClaimFailure('cannot', 'no_builder', {
      title: 'There is no builder to end',
      advice: 'Run `forkproof builder` in an earlier step of the same job, and --end only once.',
    })
  }
  const told = await endBuild(record, command.result)
  // Also stops whoever keeps it alive, so that a build that could not be ended ends by itself.
  await removeBuildFolder(folder)
  terminal.err(
    told ? `Build ${record.buildId} is over.\n` : 'forkproof: the service could not be told; it notices by itself\n',
  )
  return told ? exitCode.done : exitCode.failed
}

function folderOf(given: string | undefined, env: Variables): string {
  if (given) return path.resolve(given)
  if (env['RUNNER_TEMP']) return path.join(env['RUNNER_TEMP'], 'forkproof-builder')
  throw new ClaimFailure('cannot', 'folder_missing', {
    title: 'There is no place for the builder’s credentials',
    advice: 'Name one with --folder (RUNNER_TEMP is not set here).',
  })
}
