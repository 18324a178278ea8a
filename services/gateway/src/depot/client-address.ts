import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { BlockList, isIP } from 'node:net'
import { addressKey } from '../throttling/address-key.ts'

const unmapped = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address

/** The address that a request counts for. Only listed proxies are believed, from the nearest one on. */
export function clientAddresses(trustedProxies: readonly string[]) {
  const trusted = new BlockList()
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(prefix), family)
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return {
    isTrusted: (address: string | undefined) => isTrusted(unmapped(address ?? '')),
    of: ({ socket, headers }: IncomingMessage | Http2ServerRequest): string => {
      const named = String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .map(one => unmapped(one.trim()))
      let address = unmapped(socket.remoteAddress ?? '')
      while (isTrusted(address)) {
        const next = named.pop()
        if (next === undefined || isIP(next) === 0) break
        address = next
      }
      return addressKey(address)
    },
  }
}
export type ClientAddresses = ReturnType<typeof clientAddresses>
