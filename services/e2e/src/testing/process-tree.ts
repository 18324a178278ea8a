import { readFileSync } from 'node:fs'
import { allPids } from '@forkproof/local/processes/process-identity'

/** Every process below this one now, from /proc. A process whose parent has ended is in no tree any more. */
export function descendantsOf(root: number): readonly number[] {
  const children = Map.groupBy(allPids(), parentOf)
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap(child => [child, ...below(child)])
  return below(root)
}

/** The words of the command line with spaces between; empty for a process that has ended. */
export const commandLineOf = (pid: number): string => read(pid, 'cmdline').replaceAll('\0', ' ').trim()

function parentOf(pid: number): number {
  const stat = read(pid, 'stat')
  // The command's name may hold spaces and brackets: the fields are counted from behind it.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

function read(pid: number, file: 'stat' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
