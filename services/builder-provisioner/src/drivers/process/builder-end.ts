import type { BuilderEnd } from '../driver.ts'

/** 128 + SIGKILL, as shells report it. */
const killedExitCode = 137

interface BuilderExit {
  /** Null where the launcher itself ended by a signal. */
  readonly code: number | null
  /** The last lines that the launcher and BuildKit wrote. */
  readonly lines: readonly string[]
  /** How many of the builder's processes the kernel has killed for want of memory. */
  readonly memoryKills: number
  readonly timeIsOver: boolean
}

/** Why a builder ended, as far as the machine tells. Pure. */
export function builderEndOf({ code, lines, memoryKills, timeIsOver }: BuilderExit): BuilderEnd {
  if (timeIsOver) return { lossReason: 'ended_by_itself', detail: 'its time was over' }
  const last = lines
    .filter(line => !isOfUnshare(line))
    .slice(-3)
    .join(' | ')
  const detail = `BuildKit ended with ${code ?? 'a signal'}${last === '' ? '' : `: ${last}`}`
  // The kernel may have killed a build step for its memory long before the builder ended for another reason.
  if (memoryKills === 0 || !wasKilled(code, lines)) return { lossReason: 'ended_by_itself', detail }
  return {
    lossReason: 'out_of_memory',
    detail: `${detail} (${memoryKills} of its processes were killed for their memory)`,
  }
}

const isOfUnshare = (line: string): boolean => line.startsWith('unshare: ')

/**
 * Where the kernel takes process 1 of the builder, `unshare` cannot end by the same signal, because a program's
 * handling of SIGKILL cannot be set. It says so and exits with 1, as BuildKit does after an error of its own.
 */
const wasKilled = (code: number | null, lines: readonly string[]): boolean =>
  code === null || code === killedExitCode || (code === 1 && lines.some(isOfUnshare))
