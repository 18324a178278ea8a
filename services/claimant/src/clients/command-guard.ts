import { spawn } from 'node:child_process'
import { buildingLimits } from '../building/limits.ts'

/**
 * A line on its input means that the command is over. The end of its input means that our process was killed: then the
 * command gets SIGTERM, and SIGKILL after $2 seconds.
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
 * Ends the command if this process is killed. Otherwise it would go on building on a builder that is given up.
 * The guard is a shell in a session of its own, so that signals to this process's group do not reach it.
 * Windows has no such shell and no guard.
 * @returns a function to call when the command is over
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
  // A guard that cannot be started changes nothing else.
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return () => void guard.stdin.end('over\n')
}
