import { readFile } from 'node:fs/promises'
import { serviceNames } from '@forkproof/local/running/service-environment'
import type { BenchResult } from './result.ts'
import type { BenchWorld } from './world.ts'

const idleMs = 20_000
const settleMs = 10_000
/** USER_HZ: what the kernel counts CPU time in; 100 on every Linux that Node supports. */
const ticksPerSecond = 100

/** CPU of all parts while nothing happens, and the memory of each of ours. Linux only: read from /proc. */
export async function footprint(world: BenchWorld): Promise<BenchResult[]> {
  await new Promise(resolve => setTimeout(resolve, settleMs))
  const { children } = world.supervisor
  const ticks = async () =>
    (await Promise.all(children.map(child => cpuTicks(child.pid)))).reduce((sum, one) => sum + one, 0)
  const before = await ticks()
  await new Promise(resolve => setTimeout(resolve, idleMs))
  const share = ((await ticks()) - before) / ticksPerSecond / (idleMs / 1_000)
  const conditions = `${children.length} processes, ${idleMs / 1_000} s without a claim`
  const memory = serviceNames
    .filter(name => world.system.isRunning(name))
    .map(async name => ({
      name: `memory of ${name}`,
      value: Math.round((await residentBytes(world.system.part(name).pid)) / 1_048_576),
      unit: 'MiB',
      conditions: 'resident set after the benchmarks above',
    }))
  return [
    { name: 'idle CPU', value: Math.round(share * 1_000) / 10, unit: '% of one core', conditions },
    ...(await Promise.all(memory)),
  ]
}

async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // After the command's closing parenthesis: state is field 3, utime 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024
}
