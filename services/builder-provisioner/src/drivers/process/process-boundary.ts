import { readFile } from 'node:fs/promises'
import type { BuilderId } from '@forkproof/contracts/ids'
import type { BuilderFilesRecord } from './builder-files.ts'
import type { Cgroups } from './cgroups.ts'
import { readProcess } from './process-table.ts'
import { isInRange } from './user-ranges.ts'

/**
 * Bits of the capabilities that matter most: for links and filters, for tracing, for the kernel's own limits and
 * modules.
 */
const forbiddenCapabilities = { net_admin: 12, sys_module: 16, sys_ptrace: 19, sys_resource: 24, bpf: 39 } as const

/**
 * Reads from the kernel what separates BuildKit from the machine. A system program that knows one option less than ours
 * would otherwise give a weaker builder without an error.
 * @throws with the part that is missing
 */
export async function checkProcessBoundary(
  builderId: BuilderId,
  record: BuilderFilesRecord,
  cgroups: Cgroups,
): Promise<void> {
  const all = (await cgroups.processes(builderId)).map(pid => readProcess(pid))
  const daemon = all.find(one => one?.name === 'buildkitd')
  const demand = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`the builder is not bounded as it must be: ${what}`)
  }
  if (!daemon) throw new Error('the builder is not bounded as it must be: BuildKit is not in its cgroup')
  const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8')
  const bounding = BigInt(`0x${/^CapBnd:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? 'f'.repeat(16)}`)
  demand(daemon.users.length === 4 && daemon.users.every(user => isInRange(user, record.firstUser)), 'users')
  demand(/^NoNewPrivs:\t1$/m.test(status), 'privileges can be gained')
  demand(daemon.pids.length >= 2, 'processes of the machine')
  for (const [name, bit] of Object.entries(forbiddenCapabilities)) demand((bounding & (1n << BigInt(bit))) === 0n, name)
  const trees = cgroups.foldersOf(builderId).length
  const joined = daemon.cgroups.split('\n').filter(line => line.split('/').includes(builderId)).length
  demand(trees > 0 && joined >= trees, 'cgroups')
}
