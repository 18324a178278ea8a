import { BuilderClass, Platform } from './builder.ts'
import { NodeId } from './ids.ts'
import { buckets, consumers, streams, subjects } from './subjects.ts'

const hourMs = 3_600_000
/** A handler that dies is noticed after this long; its message goes to another. */
const ackWaitMs = 30_000
/** A message that cannot be handled that often is a fault of ours; it stays in the log and leaves the queue. */
const deliveriesMax = 20

/** A fleet of one needs no list of nodes. */
export const defaultNode = NodeId.parse('node-1')

interface BusResources {
  readonly streams: readonly {
    readonly name: string
    readonly subjects: readonly string[]
    readonly maxAgeMs: number
    readonly duplicateWindowMs: number
    readonly appendOnly: boolean
    readonly retention: 'limits' | 'workqueue'
  }[]
  readonly consumers: readonly {
    readonly stream: string
    readonly name: string
    readonly filter: string
    readonly ackWaitMs: number
    readonly deliveriesMax: number
  }[]
  readonly buckets: readonly { readonly name: string; readonly history: number; readonly ttlMs: number }[]
}

/**
 * Everything durable on the bus. An administrator's job creates it; services only use it and have no right to create or
 * change it.
 */
export const busResources = (nodes: readonly NodeId[] = [defaultNode]): BusResources => ({
  streams: [
    // Seven days of events to catch up with; doubles within ten minutes are dropped by message id.
    {
      name: streams.claims,
      subjects: [subjects.claimEvents],
      maxAgeMs: 7 * 24 * hourMs,
      duplicateWindowMs: hourMs / 6,
      appendOnly: false,
      retention: 'limits',
    },
    {
      name: streams.builders,
      subjects: [subjects.builderEvents],
      maxAgeMs: 7 * 24 * hourMs,
      duplicateWindowMs: hourMs / 6,
      appendOnly: false,
      retention: 'limits',
    },
    // Each command is done once and then gone. Requests carry their own expiry; an hour covers the longest wait for a
    // release.
    {
      name: streams.builderCommands,
      subjects: [subjects.builderCommands],
      maxAgeMs: hourMs,
      duplicateWindowMs: hourMs / 6,
      appendOnly: false,
      retention: 'workqueue',
    },
    // The issuance log: never shortened, not even by an administrator's purge.
    {
      name: streams.issuance,
      subjects: [subjects.issuance],
      maxAgeMs: 0,
      duplicateWindowMs: hourMs / 6,
      appendOnly: true,
      retention: 'limits',
    },
  ],
  consumers: [
    {
      stream: streams.builders,
      name: consumers.builderEvents,
      filter: subjects.builderEvents,
      ackWaitMs,
      deliveriesMax,
    },
    ...Platform.options.flatMap(platform =>
      BuilderClass.options.map(builderClass => ({
        stream: streams.builderCommands,
        name: consumers.builderRequests(platform, builderClass),
        filter: subjects.builderRequest(platform, builderClass),
        ackWaitMs,
        deliveriesMax,
      })),
    ),
    ...nodes.map(node => ({
      stream: streams.builderCommands,
      name: consumers.builderReleases(node),
      filter: subjects.builderRelease(node),
      ackWaitMs,
      deliveriesMax,
    })),
  ],
  buckets: [
    { name: buckets.jwks, history: 5, ttlMs: 0 },
    // A claim lives minutes; a day of memory is far more than any retry needs.
    { name: buckets.minted, history: 1, ttlMs: 24 * hourMs },
    // No older revisions: a key that was dropped or tainted must be gone, even encrypted.
    { name: buckets.signingKeys, history: 1, ttlMs: 0 },
    // Who changed a project and how stays readable: the most revisions that a bucket can keep.
    { name: buckets.projects, history: 64, ttlMs: 0 },
    // Longer than any access token and any ID token lives; a used token is refused by its expiry after that.
    { name: buckets.accessTokens, history: 1, ttlMs: 3 * hourMs },
    { name: buckets.usedTokens, history: 1, ttlMs: 3 * hourMs },
    { name: buckets.nodes, history: 1, ttlMs: hourMs / 60 },
    // What a verifier last said; nothing when there is none.
    { name: buckets.github, history: 1, ttlMs: hourMs / 60 },
  ],
})
