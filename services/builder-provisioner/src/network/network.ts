import { BuilderId } from '@forkproof/contracts/ids'
import type { MissingPart } from '../host/missing-part.ts'

/**
 * Ways out of builders' network namespaces for egress `internet`.
 * With egress `none` nothing here is used: such a namespace has no link.
 */
export interface BuilderNetwork {
  /** Resolvers that builders are told, which must be public: private ones are blocked like every private address. */
  readonly nameservers: readonly string[]
  /** What the machine lacks for a way out that is filtered; empty when `attach` can work. */
  missing(signal: AbortSignal): Promise<readonly MissingPart[]>
  /**
   * Gives the network namespace of process `pid` its one link, after the filter is in place. The namespace must belong
   * to the machine's own user namespace, or the builder could change the link's addresses itself.
   */
  attach(builder: { readonly builderId: BuilderId; readonly pid: number }, signal: AbortSignal): Promise<void>
  /** Idempotent; the kernel has removed the link already when the namespace is gone. */
  detach(builderId: BuilderId, signal: AbortSignal): Promise<void>
  /** Builders of this node that have a link now. */
  linked(signal: AbortSignal): Promise<readonly BuilderId[]>
}

const linkPrefix = 'fp'
/** At most 15 characters, the kernel's bound; the filter knows builders' links by the prefix `fpb`. */
export const linkName = (builderId: BuilderId): string => `${linkPrefix}${builderId}`

/** Undefined for a link that is no builder's. */
export const builderOfLink = (name: string): BuilderId | undefined =>
  name.startsWith(linkPrefix) ? BuilderId.safeParse(name.slice(linkPrefix.length)).data : undefined
