import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from '../host/find-program.ts'
import type { MissingPart } from '../host/missing-part.ts'
import { ProgramError, runSystemProgram } from '../host/run-program.ts'
import { isPublic } from './networks.ts'

interface UplinkCheck {
  readonly namespace: string | undefined
  readonly nameservers: readonly string[]
  /** The filter itself, tried in a namespace that is thrown away. */
  readonly script: string
  readonly readForwarding: () => Promise<string>
}

/** What the kernel can do does not change while it runs. */
const tried = new Set<string>()

/** What is missing for a filtered way out, in the order in which it has to be got. */
export async function missingForUplink(check: UplinkCheck, signal: AbortSignal): Promise<readonly MissingPart[]> {
  if (process.getuid?.() !== 0) {
    return [{ what: 'root, to make links and filter them', howToGet: 'run the provisioner as root' }]
  }
  const programs = await missingPrograms()
  if (programs.length > 0) return programs
  const { namespace, nameservers } = check
  const hidden = nameservers.filter(server => !isPublic(server))
  if (nameservers.length === 0 || hidden.length > 0) {
    const what = `resolvers that builders can reach${hidden.length > 0 ? ` (${hidden.join(', ')} cannot be)` : ''}`
    return [{ what, howToGet: 'name public IPv4 resolvers in FORKPROOF_PROVISIONER_UPLINK_NAMESERVERS' }]
  }
  if (namespace !== undefined && !(await exists(join('/run/netns', namespace)))) {
    return [{ what: `the network namespace ${namespace}`, howToGet: `ip netns add ${namespace}` }]
  }
  const kernel = await missingInKernel(check.script, signal)
  if (kernel) return [kernel]
  if ((await check.readForwarding()).trim() !== '1') {
    const where = namespace === undefined ? '' : `ip netns exec ${namespace} `
    return [{ what: 'IPv4 forwarding', howToGet: `${where}sysctl -w net.ipv4.ip_forward=1` }]
  }
  return []
}

async function missingPrograms(): Promise<MissingPart[]> {
  const packages = { ip: 'iproute2', nft: 'nftables', nsenter: 'util-linux', unshare: 'util-linux' }
  const parts = await Promise.all(
    Object.entries(packages).map(async ([program, name]) =>
      (await findProgram(program)) === undefined
        ? [{ what: `the program ${program}`, howToGet: `apt-get install ${name}` }]
        : [],
    ),
  )
  return parts.flat()
}

/** Makes a link and loads the whole filter in a network namespace that ends with the attempt. */
async function missingInKernel(script: string, signal: AbortSignal): Promise<MissingPart | undefined> {
  if (tried.has(script)) return undefined
  const attempt = 'ip link add fptry type veth peer name fptry1 && exec nft -f -'
  try {
    await runSystemProgram('unshare', ['--net', '/bin/sh', '-c', attempt], { signal, input: script })
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    const howToGet = 'use a kernel with veth, nf_tables, nft_fib, nft_reject, nft_ct and nft_masq'
    return { what: `a kernel that filters builders’ links (${error.message})`, howToGet }
  }
  tried.add(script)
  return undefined
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
