import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isExecutableFile } from './installed-tool.ts'
import type { DebianTool } from './tool-catalogue.ts'

const run = promisify(execFile)
const commandMsMax = 5 * 60_000

interface FetchOptions {
  /** Folder that receives the program under the tool's name. */
  readonly target: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

/**
 * Downloads the package with the machine's own apt and takes the program out of it. Nothing is installed, no right is
 * needed, and apt's own state is left alone: the package lists go to a folder of ours.
 * The caller holds the tool's lock.
 */
export async function fetchDebianTool(tool: DebianTool, options: FetchOptions): Promise<void> {
  const { target, environment, signal } = options
  await mkdir(target, { recursive: true })
  const draft = await mkdtemp(join(target, '.fetching-'))
  try {
    const state = join(draft, 'apt')
    for (const folder of ['lists/partial', 'archives/partial']) await mkdir(join(state, folder), { recursive: true })
    const own = [
      '-o',
      `Dir::State::Lists=${join(state, 'lists')}`,
      '-o',
      `Dir::Cache=${state}`,
      '-o',
      'APT::Sandbox::User=',
    ]
    // One limit and one way to cancel for each command; apt has no prompt here.
    const bounds = {
      cwd: draft,
      timeout: commandMsMax,
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
      ...(signal && { signal }),
    }
    await run('apt-get', [...own, 'update', '-qq'], bounds)
    await run('apt-get', [...own, 'download', '-qq', tool.debianPackage], bounds)
    const archive = (await readdir(draft)).find(name => name.endsWith('.deb'))
    if (archive === undefined) throw new Error('apt-get download ended well but left no package')
    await run('dpkg-deb', ['--extract', archive, 'content'], bounds)
    const program = join(draft, 'content', tool.programInPackage)
    await chmod(program, 0o755)
    if (!(await isExecutableFile(program))) throw new Error(`the package has no ${tool.programInPackage}`)
    await rename(program, join(target, tool.name))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
