import { createHash } from 'node:crypto'
import { readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuilderId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { ifVanished } from '../host/absence.ts'
import { findProgram } from '../host/find-program.ts'
import type { MissingPart } from '../host/missing-part.ts'
import { ProgramError, runSystemProgram } from '../host/run-program.ts'
import { SerialQueue } from '../host/serial-queue.ts'
import { type FilterOptions, type FilterRules, filterRules, tableName } from './filter-rules.ts'
import { type BuilderNetwork, builderOfLink, linkName } from './network.ts'
import { formatNetwork, freeLink, type LinkAddresses, linkBits } from './networks.ts'
import { missingForUplink } from './uplink-requirements.ts'

const choicesMax = 5
/** The builder's end of the link. */
const insideName = 'eth0'

export interface UplinkOptions extends FilterOptions {
  /** Name below /run/netns of the network namespace through which builders leave; the machine's own when absent. */
  readonly namespace?: string | undefined
  /** Tells this provisioner's links from those of another on the same machine: one per state folder. */
  readonly owner: string
}

const LinkList = z.array(z.looseObject({ ifname: z.string().optional(), ifalias: z.string().optional() }))
const AddressList = z.array(
  z.looseObject({
    ifname: z.string().optional(),
    addr_info: z.array(z.looseObject({ local: z.string().optional() })).default([]),
  }),
)

/**
 * A veth pair per builder, from its network namespace to the uplink's. One nftables table there filters all of them.
 */
export class UplinkNetwork implements BuilderNetwork {
  readonly nameservers: readonly string[]
  readonly #options: UplinkOptions
  readonly #rules: FilterRules
  readonly #alias: string
  readonly #queue = new SerialQueue()

  constructor(options: UplinkOptions) {
    this.#options = options
    this.#rules = filterRules(options)
    this.#alias = `forkproof:${createHash('sha256').update(options.owner).digest('hex').slice(0, 16)}`
    this.nameservers = options.nameservers
  }

  missing(signal: AbortSignal): Promise<readonly MissingPart[]> {
    const { namespace, nameservers } = this.#options
    const readForwarding = () => this.#run('cat', ['/proc/sys/net/ipv4/ip_forward'], signal)
    return missingForUplink({ namespace, nameservers, script: this.#rules.script, readForwarding }, signal)
  }

  async attach({ builderId, pid }: { builderId: BuilderId; pid: number }, signal: AbortSignal): Promise<void> {
    await refuseOwnNamespace(pid)
    try {
      const addresses = await this.#queue.run(async () => {
        await this.#ensureFilter(signal)
        return this.#link(builderId, pid, signal)
      })
      const inside = [
        `address add ${addresses.inside}/${linkBits} dev ${insideName}`,
        `link set ${insideName} up`,
        `route add default via ${addresses.outside}`,
      ]
      await batch(`/proc/${pid}/ns/net`, inside, signal)
    } catch (error) {
      await this.detach(builderId, AbortSignal.timeout(5_000)).catch(() => {})
      throw error
    }
  }

  async detach(builderId: BuilderId, signal: AbortSignal): Promise<void> {
    const name = linkName(builderId)
    if (!(await this.#links(signal)).some(link => link.ifname === name)) return
    try {
      await this.#run('ip', ['link', 'delete', name], signal)
    } catch (error) {
      // The kernel may have removed it with the builder's namespace in between.
      if ((await this.#links(signal)).some(link => link.ifname === name)) throw error
    }
  }

  async linked(signal: AbortSignal): Promise<readonly BuilderId[]> {
    const own = (await this.#links(signal)).filter(link => link.ifalias === this.#alias)
    return own.flatMap(({ ifname = '' }) => builderOfLink(ifname) ?? [])
  }

  /** Looks each time, because a firewall that is loaded anew may begin by removing everything. */
  async #ensureFilter(signal: AbortSignal): Promise<void> {
    const { script, version } = this.#rules
    try {
      await this.#run('nft', ['list', 'chain', 'inet', tableName, version], signal)
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error
      await this.#run('nft', ['-f', '-'], signal, script)
    }
  }

  async #link(builderId: BuilderId, pid: number, signal: AbortSignal): Promise<LinkAddresses> {
    const name = linkName(builderId)
    for (let choice = 0; choice < choicesMax; choice++) {
      const addresses = await this.#freeAddresses(builderId, choice, signal)
      const commands = [
        `link add name ${name} type veth peer name ${insideName} netns ${pid}`,
        // No IPv6 on either end: nothing filters what does not exist.
        `link set dev ${name} addrgenmode none alias ${this.#alias}`,
        `address add ${addresses.outside}/${linkBits} dev ${name}`,
        `link set ${name} up`,
      ]
      await batch(this.#namespacePath, commands, signal)
      const others = (await this.#addresses(signal)).filter(one => one.link !== name)
      if (!others.some(one => one.address === addresses.outside)) return addresses
      // Another provisioner chose the same at the same moment.
      await this.#run('ip', ['link', 'delete', name], signal)
    }
    throw new Error('no addresses for a builder’s link could be had')
  }

  async #freeAddresses(builderId: BuilderId, choice: number, signal: AbortSignal): Promise<LinkAddresses> {
    const { prefix } = this.#options
    const start = createHash('sha256').update(`${builderId} ${choice}`).digest().readUInt32BE()
    const inUse = (await this.#addresses(signal)).map(({ address }) => address)
    const addresses = freeLink(prefix, inUse, start)
    if (!addresses) throw new Error(`no addresses are left in ${formatNetwork(prefix)}`)
    return addresses
  }

  async #addresses(signal: AbortSignal): Promise<readonly { link: string; address: string }[]> {
    const links = AddressList.parse(JSON.parse(await this.#run('ip', ['-json', '-4', 'address', 'show'], signal)))
    return links.flatMap(({ ifname = '', addr_info }) =>
      addr_info.flatMap(({ local }) => (local === undefined ? [] : [{ link: ifname, address: local }])),
    )
  }

  async #links(signal: AbortSignal) {
    if (this.#namespacePath === undefined && !(await hasBuilderLinks())) return []
    if ((await findProgram('ip')) === undefined) return []
    const path = this.#namespacePath
    // A namespace that is gone, or was never made, has no links.
    if (path !== undefined && !(await stat(path).then(() => true, ifVanished(false)))) return []
    const text = await this.#run('ip', ['-json', 'link', 'show', 'type', 'veth'], signal)
    return LinkList.parse(JSON.parse(text === '' ? '[]' : text))
  }

  get #namespacePath(): string | undefined {
    const { namespace } = this.#options
    return namespace === undefined ? undefined : join('/run/netns', namespace)
  }

  #run(program: string, args: readonly string[], signal: AbortSignal, input?: string): Promise<string> {
    return runIn(this.#namespacePath, program, args, { signal, ...(input !== undefined && { input }) })
  }
}

/**
 * Read from the kernel without a program: most machines have no builder with a link, and every end of a builder looks
 * for one.
 */
async function hasBuilderLinks(): Promise<boolean> {
  const names = (await readFile('/proc/self/net/dev', 'utf8')).split('\n').map(line => line.split(':')[0]?.trim() ?? '')
  return names.some(name => builderOfLink(name) !== undefined)
}

const runIn = (
  namespace: string | undefined,
  program: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly input?: string },
): Promise<string> =>
  namespace === undefined
    ? runSystemProgram(program, args, options)
    : runSystemProgram('nsenter', [`--net=${namespace}`, '--', program, ...args], options)

const batch = (namespace: string | undefined, commands: readonly string[], signal: AbortSignal): Promise<string> =>
  runIn(namespace, 'ip', ['-batch', '-'], { signal, input: `${commands.join('\n')}\n` })

/**
 * Otherwise a pid that is gone and used again, or a builder without a namespace, would give the machine a second
 * default route.
 */
async function refuseOwnNamespace(pid: number): Promise<void> {
  const namespaceOf = (process: string | number) => readlink(`/proc/${process}/ns/net`).catch(() => '')
  const [own, theirs] = await Promise.all([namespaceOf('self'), namespaceOf(pid)])
  if (theirs === '' || own === theirs) throw new Error(`process ${pid} has no network namespace of its own`)
}
