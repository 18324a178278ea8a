import { spawn } from 'node:child_process'
import { buildingLimits } from '../building/limits.ts'

/**
 * A line on its input: the command is over. The end of its input: whoever wrote there was killed, so the command is asked to end, and after
 * the time in $2 made to.
 */
const script = `
read -r _ && exit 0
kill -TERM "$1" 2>/dev/null || exit 0
left=$2
while [ "$left" -gt 0 ]; do
  sleep 1
  kill -0 "$1" 2>/dev/null || exit 0
  left=$((left - 1))
done
kill -KILL "$1" 2>/dev/null
`

/**
 * Sees to it that the command does not outlive this process where it is killed outright: it would go on to build on a builder that nobody
 * waits for. A shell in a session of its own, so that what is sent to this process's whole group leaves it alone. Windows has none.
 * @returns to be called when the command is over
 */
export function guardCommand(pid: number, graceMs: number = buildingLimits.orphanGraceMs): () => void {
  if (process.platform === 'win32') return () => undefined
  const graceSeconds = Math.ceil(graceMs / 1_000)
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(pid), String(graceSeconds)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  })
  // Without it everything else holds as before.
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return () => void guard.stdin.end('over\n')
}
