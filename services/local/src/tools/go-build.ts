import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import { GroupProcess } from '../processes/group-process.ts'
import type { Watchdog } from '../processes/watchdog.ts'
import { isExecutableFile } from './installed-tool.ts'
import type { GoTool } from './tool-catalogue.ts'

/** A cold build of Temporal with download takes about four minutes on two cores. */
export const goBuildMsMax = 20 * 60_000
const stopMsMax = 2_000
const shownLinesMax = 15
const draftPrefix = '.building-'

interface BuildOptions {
  /** The `go` program. */
  readonly go: string
  /** Folder that receives the program under the tool's name. */
  readonly target: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly watchdog: Watchdog
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly msMax?: number
}

/**
 * Compiles the tool from its pinned module and moves it into place in one step, so that a half-written program is never
 * found. The caller holds the tool's lock. @throws with the compiler's last lines
 */
export async function buildTool(tool: GoTool, options: BuildOptions): Promise<void> {
  await mkdir(options.target, { recursive: true })
  await removeDrafts(options.target)
  const draft = await mkdtemp(join(options.target, draftPrefix))
  try {
    const output = join(draft, tool.name)
    await compile(tool, output, options)
    if (!(await isExecutableFile(output))) throw new Error('go build ended well but left no program')
    await rename(output, join(options.target, tool.name))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** What an interrupted build left. Safe under the lock. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(draftPrefix)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

const architectureOf = ({ architecture }: GoTool) => (architecture === undefined ? {} : { GOARCH: architecture })

async function compile(tool: GoTool, output: string, options: BuildOptions): Promise<void> {
  const clock = options.clock ?? systemClock
  const msMax = options.msMax ?? goBuildMsMax
  options.signal?.throwIfAborted()
  const compiler = await GroupProcess.start(
    {
      name: `go build ${tool.name}`,
      command: options.go,
      args: [
        ...['build', '-trimpath', '-buildvcs=false', '-ldflags', tool.linkerFlags],
        ...(tool.buildTags === undefined ? [] : ['-tags', tool.buildTags]),
        ...['-o', output, tool.goPackage],
      ],
      cwd: tool.moduleFolder,
      // No C compiler needed; no workspace file of a folder above may change what is pinned here.
      environment: { ...options.environment, CGO_ENABLED: '0', GOWORK: 'off', ...architectureOf(tool) },
    },
    options.watchdog,
    clock,
  )
  const over = new AbortController()
  const until = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal
  const cut = clock.sleep(msMax, until).then(
    () => 'late' as const,
    () => 'aborted' as const,
  )
  const outcome = await Promise.race([compiler.exited, cut])
  over.abort()
  if (outcome === 'late' || outcome === 'aborted') {
    await compiler.stop(stopMsMax)
    if (outcome === 'late') throw new Error(`go build took longer than ${Math.round(msMax / 1000)} s`)
    throw options.signal?.reason
  }
  if (outcome.code !== 0) {
    const lines = compiler.lastLines().slice(-shownLinesMax)
    throw new Error([`go build ended with ${outcome.signal ?? `code ${outcome.code}`}`, ...lines].join('\n      '))
  }
}
