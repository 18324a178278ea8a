import { readFile } from 'node:fs/promises'
import { serviceNames } from '@forkproof/local/running/service-environment'
import type { BenchResult } from './bench-result.ts'
import type { BenchSystem } from './bench-system.ts'

const idleMs = 20_000
const settleMs = 10_000
/** USER_HZ, the kernel's unit of CPU time: 100 on every Linux that Node supports. */
const ticksPerSecond = 100

/** CPU of all processes while nothing happens, and the memory of each service. Linux only: reads /proc. */
export async function measureFootprint(bench: BenchSystem): Promise<BenchResult[]> {
  await new Promise(resolve => setTimeout(resolve, settleMs))
  const { children } = bench.supervisor
  const ticks = async () =>
    (await Promise.all(children.map(child => cpuTicks(child.pid)))).reduce((sum, one) => sum + one, 0)
  const before = await ticks()
  await new Promise(resolve => setTimeout(resolve, idleMs))
  const share = ((await ticks()) - before) / ticksPerSecond / (idleMs / 1_000)
  const conditions = `${children.length} processes, ${idleMs / 1_000} s without a claim`
  const memory = serviceNames
    .filter(name => bench.system.isRunning(name))
    .map(async name => ({
      name: `memory of ${name}`,
      value: Math.round((await residentBytes(bench.system.part(name).pid)) / 1_048_576),
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
