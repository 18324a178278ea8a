import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AppError } from '@forkproof/contracts/errors'
import { orAborted } from '@forkproof/infra/abortable'
import { formatTarget } from './forbidden-targets.ts'

const lookupMsMax = 5_000

/** All addresses of a host. */
export type Lookup = (host: string) => Promise<readonly string[]>

const systemLookup: Lookup = async host => (await lookup(host, { all: true })).map(({ address }) => address)

/**
 * The same targets with addresses instead of names. A name without an address cannot be checked, so no builder is ready
 * then. This machine's resolver is asked, because a builder without a network can resolve nothing and would find every
 * name unreachable, whatever else it reaches.
 * @throws AppError builder_not_ready, or the signal's reason
 */
export async function resolveTargets(
  targets: readonly string[],
  signal: AbortSignal,
  find: Lookup = systemLookup,
): Promise<readonly string[]> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(lookupMsMax)])
  try {
    const lists = await Promise.all(targets.map(target => resolvedTargets(target, bounded, find)))
    return [...new Set(lists.flat())]
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

async function resolvedTargets(target: string, signal: AbortSignal, find: Lookup): Promise<readonly string[]> {
  const colon = target.lastIndexOf(':')
  const host = target.slice(0, colon)
  if (host.startsWith('[') || isIP(host) !== 0) return [target]
  try {
    // The system's resolver cannot be told to stop.
    const found = await orAborted(find(host), signal)
    if (found.length === 0) throw new Error('it has no address')
    return found.map(address => formatTarget(address, Number(target.slice(colon + 1))))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new AppError('builder_not_ready', { cause: new Error(`the target ${target} cannot be resolved: ${why}`) })
  }
}
