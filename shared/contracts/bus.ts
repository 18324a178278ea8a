import { buckets, streams, subjects } from './events.ts'

const hourMs = 3_600_000

/** Everything durable on the bus. An administrator's job creates it; services only use it and have no right to create or change it. */
export const busResources = {
  streams: [
    // Seven days of events to catch up with; doubles within ten minutes are dropped by message id.
    {
      name: streams.claims,
      subjects: [subjects.claimEvents],
      maxAgeMs: 7 * 24 * hourMs,
      duplicateWindowMs: hourMs / 6,
      appendOnly: false,
    },
    // The issuance log: never shortened, not even by an administrator's purge.
    {
      name: streams.issuance,
      subjects: [subjects.issuance],
      maxAgeMs: 0,
      duplicateWindowMs: hourMs / 6,
      appendOnly: true,
    },
  ],
  buckets: [
    { name: buckets.jwks, history: 5, ttlMs: 0 },
    // A claim lives minutes; a day of memory is far more than any retry needs.
    { name: buckets.minted, history: 1, ttlMs: 24 * hourMs },
    // No older revisions: a key that was dropped or tainted must be gone, even encrypted.
    { name: buckets.signingKeys, history: 1, ttlMs: 0 },
  ],
} as const
