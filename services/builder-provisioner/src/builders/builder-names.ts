import { randomBytes } from 'node:crypto'
import { BuilderId, type LeaseId } from '@forkproof/contracts/ids'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export const newBuilderId = (): BuilderId =>
  BuilderId.parse(`b${Array.from(randomBytes(11), byte => alphabet[byte % 32]).join('')}`)

/** A name that never leaves a TLS handshake: reserved for private use, so no resolver will ever answer it. */
const serverDomain = 'builders.forkproof.internal'

/** The builder's name at the TLS proxy, one for each of its leases. */
export const serverNameOf = (builderId: BuilderId, leaseId?: LeaseId): string =>
  `${builderId}${leaseId === undefined ? '' : `-${leaseId.slice(0, 8)}`}.${serverDomain}`
