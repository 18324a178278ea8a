import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@actions/core'
import { deadlineAfter, systemClaimClock } from '../claiming/claim-clock.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure, describeFailure } from '../claiming/claim-failure.ts'
import { useEnvironmentProxy } from '../environment/environment-proxy.ts'
import { readSetupConfig, type SetupConfig } from './config.ts'
import { launcherFiles, toolFolder } from './launcher.ts'
import { setupLimits } from './limits.ts'
import { cliFileName, downloadCli, expectedDigest, type ReleaseSource, sha256Of } from './release-file.ts'

/** Where the command line is that comes with this action, from its bundle in `setup/dist`. */
const bundledCli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** The whole setup action. Never rejects: a failure is reported in plain words and fails the step. */
export async function runSetup(): Promise<void> {
  try {
    const config = readSetupConfig()
    if ('problems' in config) return core.setFailed(`The inputs are wrong:\n${config.problems.join('\n')}`)
    await useEnvironmentProxy(config.env)
    const folder = await install(config, await cliBytes(config))
    core.addPath(folder)
    core.setOutput('version', config.version)
    core.setOutput('path', folder)
    core.info(`forkproof ${config.version} is on the PATH of the following steps.`)
  } catch (error) {
    core.setFailed(error instanceof ClaimFailure ? describeFailure(error) : failedIn(error))
  }
}

async function cliBytes(config: SetupConfig): Promise<Uint8Array> {
  if (config.source === undefined) return readFile(bundledCli)
  const journal = { say: core.info, warn: (line: string) => core.warning(line) }
  return releasedCli(config, config.source, { clock: systemClaimClock, journal, random: Math.random })
}

/**
 * The release's file: from the tool cache, or downloaded into it.
 * Jobs of one machine share that cache and can write to it, so what is in it counts only with the right digest.
 */
async function releasedCli(config: SetupConfig, source: ReleaseSource, deps: ClaimDeps): Promise<Uint8Array> {
  const deadline = deadlineAfter(setupLimits.wholeTimeoutMs, deps.clock)
  const digest = await expectedDigest(source, deps, deadline)
  const { toolCache, os, version, arch } = config
  const cached = toolCache && path.join(toolFolder(os, toolCache, version, arch), cliFileName)
  const found = cached && (await readFile(cached).catch(() => undefined))
  if (found && sha256Of(found) === digest) {
    deps.journal.say(`forkproof ${version} was in the tool cache.`)
    return found
  }
  const bytes = await downloadCli(source, digest, deps, deadline)
  // The cache saves the next job a download. This one does not need it.
  if (cached) await keepInCache(cached, bytes).catch(() => deps.journal.say('The tool cache cannot be written.'))
  return bytes
}

async function keepInCache(file: string, bytes: Uint8Array): Promise<void> {
  const folder = path.dirname(file)
  await mkdir(folder, { recursive: true })
  const fresh = `${file}.${randomUUID()}`
  try {
    await writeFile(fresh, bytes)
    await rename(fresh, file)
    await writeFile(`${folder}.complete`, '')
  } finally {
    await rm(fresh, { force: true })
  }
}

/** A folder of this job alone, with the command line and what starts it. */
async function install({ temporaryFolder, os }: SetupConfig, cli: Uint8Array): Promise<string> {
  const folder = path.join(temporaryFolder, `forkproof-cli-${randomUUID()}`)
  await mkdir(folder, { recursive: true })
  const cliFile = path.join(folder, cliFileName)
  await writeFile(cliFile, cli)
  for (const { name, text } of launcherFiles(os, process.execPath, cliFile)) {
    await writeFile(path.join(folder, name), text)
    await chmod(path.join(folder, name), 0o755)
  }
  return folder
}

/** Names the error's class or the system's code only, because a message may quote what it was given. */
function failedIn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  return `The command line could not be installed: ${code ?? (error instanceof Error ? error.name : 'unknown error')}.`
}
