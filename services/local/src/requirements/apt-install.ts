import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Progress } from '../tools/progress.ts'

const run = promisify(execFile)
const updateMsMax = 5 * 60_000
const installMsMax = 20 * 60_000
const outputBytesMax = 16 * 1_048_576
const shownLinesMax = 15

/** Asked by the packages' scripts before they start a service (invoke-rc.d(8), deb-systemd-invoke(1)). */
const policyFile = '/usr/sbin/policy-rc.d'
/** 101 means: action forbidden by policy. */
const policyText = '#!/bin/sh\n# Written by forkproof for the time of an installation.\nexit 101\n'

export interface AptInstallDeps {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Installs packages of Debian or Ubuntu as root. Services in them are not started.
 * @throws with the last lines of apt-get
 */
export async function aptInstall(packages: readonly string[], deps: AptInstallDeps): Promise<void> {
  const { progress } = deps
  const words = ['install', '-y', '-q', '--no-install-recommends', ...packages]
  const removePolicy = await forbidServiceStarts()
  try {
    await progress.step('apt-get update', () => aptGet(['update', '-q'], updateMsMax, deps))
    await progress.step(`apt-get install ${packages.join(' ')}`, () => aptGet(words, installMsMax, deps))
  } finally {
    await removePolicy()
  }
}

async function aptGet(words: readonly string[], timeout: number, deps: AptInstallDeps): Promise<void> {
  const env = { ...deps.environment, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C' }
  // Another apt-get may be at work, such as an unattended upgrade.
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  try {
    await run('apt-get', [...options, ...words], { env, timeout, maxBuffer: outputBytesMax, signal: deps.signal })
  } catch (error) {
    deps.signal.throwIfAborted()
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-shownLinesMax)
    throw new Error([`apt-get ${words[0]} failed:`, ...said].join('\n  '), { cause: error })
  }
}

/** Returns what takes the policy away again. A policy of the administrator is left as it is. */
async function forbidServiceStarts(): Promise<() => Promise<void>> {
  const present = await readFile(policyFile, 'utf8').catch(() => undefined)
  if (present !== undefined && present !== policyText) return async () => {}
  await writeFile(policyFile, policyText, { mode: 0o755 })
  return () => rm(policyFile, { force: true })
}
