import path from 'node:path'

/** `RUNNER_OS` (docs/facts/github.md#environment-of-a-job). */
export type RunnerOs = 'Linux' | 'macOS' | 'Windows'

interface LauncherFile {
  readonly name: string
  readonly text: string
}

/**
 * The files that make `forkproof` a command.
 * They name the runner's own Node, because a container job need not have one, and `/bin/sh`, because it need not have
 * bash. Windows has one for PowerShell and cmd, and one for Git's bash.
 */
export function launcherFiles(os: RunnerOs, nodePath: string, cliPath: string): readonly LauncherFile[] {
  const shell = { name: 'forkproof', text: `#!/bin/sh\nexec ${shellQuoted(nodePath)} ${shellQuoted(cliPath)} "$@"\n` }
  if (os !== 'Windows') return [shell]
  const words = [nodePath, cliPath].map(batchQuoted).join(' ')
  return [shell, { name: 'forkproof.cmd', text: `@${words} %*\r\n` }]
}

/** One word of a POSIX shell. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** One word of a batch file. A path of Windows has no quote in it; a percent sign begins a variable. */
export const batchQuoted = (text: string): string => `"${text.replaceAll('%', '%%')}"`

/** How paths are written on that system. */
export const pathsOf = (os: RunnerOs): path.PlatformPath => (os === 'Windows' ? path.win32 : path.posix)

/** A version's folder as `@actions/tool-cache` lays it out: tool, version, architecture. */
export const toolFolder = (os: RunnerOs, toolCache: string, version: string, arch: string): string =>
  pathsOf(os).join(toolCache, 'forkproof', version, arch)
