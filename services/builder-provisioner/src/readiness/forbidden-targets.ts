import { isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

interface HostAndPort {
  readonly host: string
  readonly port: number
}

export const formatTarget = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`

/** Where clouds answer with a machine's own credentials (AWS and most others, Alibaba, AWS by IPv6). */
const metadataServices = ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254'].map(host => formatTarget(host, 80))
/** One of each private range, where routers and consoles commonly are (RFC 1918, RFC 6598). */
const privateNetworks = ['10.0.0.1', '172.16.0.1', '192.168.0.1', '192.168.1.1', '100.64.0.1'].flatMap(host =>
  [80, 443].map(port => formatTarget(host, port)),
)

/**
 * What no build may reach, as `host:port`, each once: metadata services, private networks, and everything that listens
 * on this machine at each of its addresses.
 * Loopback is among them: a builder that shares the machine's network by mistake reaches the TLS proxy there.
 */
export function forbiddenTargets(of: {
  readonly interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address'>[]>
  readonly ports: readonly number[]
  /** Services of ours elsewhere, such as the bus. */
  readonly services: readonly HostAndPort[]
  /** The operator's own list, as `host:port`. */
  readonly extra: readonly string[]
}): readonly string[] {
  const addresses = Object.values(of.interfaces)
    .flatMap(list => list ?? [])
    .map(one => one.address)
    // A link-local address means nothing without a link of that name, which a builder does not have.
    .filter(address => !/^fe[89ab]/i.test(address))
  const ports = [...of.ports, ...of.services.map(one => one.port)]
  const own = ['127.0.0.1', '::1', ...addresses].flatMap(address => ports.map(port => formatTarget(address, port)))
  const services = of.services.map(({ host, port }) => formatTarget(host, port))
  return [...new Set([...metadataServices, ...privateNetworks, ...own, ...services, ...of.extra])]
}
