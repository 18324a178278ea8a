import { BlockList, isIPv4 } from 'node:net'

/** One IPv4 network in CIDR notation. */
export interface NetworkRange {
  readonly address: string
  readonly bits: number
}

/** @throws unless it is `a.b.c.d/bits` with no bit set past the mask */
export function parseNetwork(text: string): NetworkRange {
  const [address = '', length = '', ...rest] = text.split('/')
  const bits = Number(length)
  if (!isIPv4(address) || !/^[0-9]{1,2}$/.test(length) || bits > 32 || rest.length > 0) {
    throw new Error('must be an IPv4 network such as 198.19.64.0/18')
  }
  if (toNumber(address) % 2 ** (32 - bits) !== 0) throw new Error('has bits set behind its mask')
  return { address, bits }
}

export const formatNetwork = ({ address, bits }: NetworkRange): string => `${address}/${bits}`

/** The two ends of one builder's link. */
export interface LinkAddresses {
  readonly outside: string
  readonly inside: string
}
export const linkBits = 30
const linkSize = 2 ** (32 - linkBits)

/**
 * The first /30 of the prefix that holds none of the addresses in use; undefined when every one is taken.
 * The search begins at `start`, so that provisioners that share a machine rarely choose the same.
 */
export function freeLink(prefix: NetworkRange, inUse: readonly string[], start: number): LinkAddresses | undefined {
  const first = toNumber(prefix.address)
  const count = 2 ** (linkBits - prefix.bits)
  const taken = new Set(inUse.map(address => Math.floor((toNumber(address) - first) / linkSize)))
  for (let step = 0; step < count; step++) {
    const index = (start + step) % count
    if (taken.has(index)) continue
    const base = first + index * linkSize
    return { outside: toAddress(base + 1), inside: toAddress(base + 2) }
  }
  return undefined
}

/**
 * What no builder may reach (RFC 6890): this network, private, shared, loopback, link-local with the metadata services,
 * protocol assignments, benchmarking with the builders' own links, multicast and reserved addresses.
 */
export const blockedNetworks: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** True for an address that builders can reach. */
export function isPublic(address: string, blocked: readonly string[] = blockedNetworks): boolean {
  const list = new BlockList()
  for (const { address: base, bits } of blocked.map(parseNetwork)) list.addSubnet(base, bits)
  return isIPv4(address) && !list.check(address)
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const toAddress = (value: number): string => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')
