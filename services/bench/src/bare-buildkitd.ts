import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkHealth } from '@forkproof/builder-provisioner/readiness/check-health'
import { unixEndpoint } from '@forkproof/builder-provisioner/state/builder-endpoint'
import { buildWith } from '@forkproof/e2e/testing/remote-build'
import { systemClock } from '@forkproof/infra/clock'
import type { BenchSystem } from './bench-system.ts'

const servingMsMax = 20_000
const outputCharsMax = 2_000

/**
 * Starts what builders are compared with: BuildKit as root, in namespaces that only make it easy to end.
 * It counts as started when it answers the same health check as a builder.
 */
export async function startBareBuildkitd(
  bench: BenchSystem,
): Promise<{ socketPath: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(bench.folder, 'bare-'))
  const socketPath = join(folder, 'api.sock')
  const namespaces = ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child=SIGKILL', '--mount-proc']
  // Two daemons that share a socket for traces take it from each other when they start together, and one ends.
  const sockets = ['--addr', `unix://${socketPath}`, '--otel-socket-path', join(folder, 'traces.sock')]
  const daemon = [bench.programs.buildkitd, '--root', join(folder, 'state'), ...sockets]
  // The daemon ends with the benchmark, also when that is killed.
  const bound = ['--pdeathsig', 'KILL', '--', 'unshare', ...namespaces]
  const child = spawn('setpriv', [...bound, ...daemon, '--containerd-worker=false'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-outputCharsMax)
  })
  const exited = once(child, 'exit')
  const signal = AbortSignal.timeout(servingMsMax)
  await checkHealth(unixEndpoint(socketPath), { clock: systemClock, signal }).catch(cause => {
    throw new Error(`a bare daemon does not serve (exit ${child.exitCode ?? child.signalCode}): ${words}`, { cause })
  })
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  return { socketPath, stop }
}

/** Builds once on a running bare daemon. Resolves to milliseconds. */
export async function buildOnBareBuildkitd(bench: BenchSystem, socketPath: string, context: string): Promise<number> {
  const startedAt = performance.now()
  const done = await buildWith({ buildctl: bench.programs.buildctl, to: `unix://${socketPath}` }, context, {
    args: ['--no-cache'],
  })
  if (done.code !== 0) throw new Error(done.output)
  return performance.now() - startedAt
}
