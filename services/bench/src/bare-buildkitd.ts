import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkHealth } from '@forkproof/builder-provisioner/readiness/check-health'
import { unixEndpoint } from '@forkproof/builder-provisioner/state/builder-endpoint'
import { buildWith } from '@forkproof/e2e/testing/remote-build'
import { systemClock } from '@forkproof/infra/clock'
import type { BenchWorld } from './world.ts'

const servingMsMax = 20_000
const wordsMax = 2_000

/**
 * What a builder is compared with: BuildKit as root in namespaces that only make it easy to end, with nothing around it. It is called started
 * when it answers the same health question that a builder has to.
 */
export async function startBare(world: BenchWorld): Promise<{ socketPath: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(world.folder, 'bare-'))
  const socketPath = join(folder, 'api.sock')
  const namespaces = ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child=SIGKILL', '--mount-proc']
  // Without a socket of its own for traces, two that start in the same moment take it from each other, and one ends.
  const sockets = ['--addr', `unix://${socketPath}`, '--otel-socket-path', join(folder, 'traces.sock')]
  const daemon = [world.programs.buildkitd, '--root', join(folder, 'state'), ...sockets]
  // It ends with the benchmark, also when that breaks off.
  const bound = ['--pdeathsig', 'KILL', '--', 'unshare', ...namespaces]
  const child = spawn('setpriv', [...bound, ...daemon, '--containerd-worker=false'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-wordsMax)
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

/** One build on a bare daemon that runs already; ms. */
export async function buildOnBare(world: BenchWorld, socketPath: string, context: string): Promise<number> {
  const startedAt = performance.now()
  const done = await buildWith({ buildctl: world.programs.buildctl, to: `unix://${socketPath}` }, context, {
    args: ['--no-cache'],
  })
  if (done.code !== 0) throw new Error(done.output)
  return performance.now() - startedAt
}
