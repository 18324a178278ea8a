import { busResources } from '@forkproof/contracts/bus'
import { buckets, consumers, streams, subjects } from '@forkproof/contracts/subjects'

/** Who connects to the bus. `admin` creates streams and buckets and cannot read what is in them. */
export const busUsers = ['gateway', 'orchestrator', 'verifier', 'signer', 'provisioner', 'admin'] as const
export type BusUser = (typeof busUsers)[number]

/** What a user may reach beyond its own account; whatever is not listed does not exist for it. */
interface BusPermissions {
  /** Subjects it may publish to. They lead to the bus's own account, or for nudges to the users that hear them. */
  readonly publish: readonly string[]
  /** Subjects of others that it hears. */
  readonly hears: readonly { readonly from: BusUser; readonly subject: string }[]
  /** Consumers that it draws messages from, and may do nothing else with. */
  readonly draws: readonly { readonly stream: string; readonly name: string }[]
  /** Prefix of the inboxes that its replies come to. */
  readonly inbox: string
}

const keyValues = (bucket: string) => `$KV.${bucket}.>`
const readOf = (bucket: string) => `$JS.API.STREAM.MSG.GET.KV_${bucket}`
const ownBuckets = [buckets.jwks, buckets.minted, buckets.signingKeys]
const everyStream = [...Object.values(streams), ...Object.values(buckets).map(bucket => `KV_${bucket}`)]
/** Listing keys; the answer names subjects, never values. */
const infoOf = (bucket: string) => `$JS.API.STREAM.INFO.KV_${bucket}`
const { consumers: everyConsumer } = busResources()
/**
 * The client asks for the account's figures before it opens a bucket; they name no stream.
 * A user that draws from a consumer needs them too: in an account that does not import this subject, the server answers
 * every question about a consumer with "JetStream not enabled".
 */
const accountInfo = '$JS.API.INFO'

/**
 * Least privilege for each service (docs/architecture.md#rights-on-the-bus). No service may create, change, list, purge
 * or delete a stream, or create a consumer: its owner chooses where the server delivers, which would be a way around
 * `publish`. A service draws from the pull consumers that the administrator made for it.
 */
export const busPermissions: Readonly<Record<BusUser, BusPermissions>> = {
  gateway: {
    publish: [
      accountInfo,
      readOf(buckets.jwks),
      ...[buckets.projects, buckets.accessTokens, buckets.usedTokens].flatMap(bucket => [
        keyValues(bucket),
        readOf(bucket),
      ]),
      infoOf(buckets.projects),
      infoOf(buckets.nodes),
      readOf(buckets.nodes),
      readOf(buckets.github),
    ],
    hears: [],
    draws: [],
    inbox: '_INBOX_gateway',
  },
  orchestrator: {
    publish: [accountInfo, subjects.claimEvents, subjects.builderCommands],
    hears: [],
    draws: [{ stream: streams.builders, name: consumers.builderEvents }],
    inbox: '_INBOX_orchestrator',
  },
  verifier: {
    // Which repositories the projects name, and telling the gateway what GitHub's limits leave.
    publish: [accountInfo, infoOf(buckets.projects), readOf(buckets.projects), keyValues(buckets.github)],
    hears: [
      { from: 'gateway', subject: subjects.nudges },
      { from: 'gateway', subject: subjects.runHints },
    ],
    draws: [],
    inbox: '_INBOX_verifier',
  },
  provisioner: {
    publish: [accountInfo, subjects.builderEvents, keyValues(buckets.nodes)],
    hears: [{ from: 'gateway', subject: subjects.alives }],
    draws: everyConsumer.filter(({ stream }) => stream === streams.builderCommands),
    inbox: '_INBOX_provisioner',
  },
  signer: {
    publish: [
      subjects.issuance,
      ...ownBuckets.flatMap(bucket => [keyValues(bucket), readOf(bucket)]),
      `$JS.API.STREAM.MSG.GET.${streams.issuance}`,
      accountInfo,
    ],
    hears: [],
    draws: [],
    inbox: '_INBOX_signer',
  },
  admin: {
    publish: [
      accountInfo,
      ...everyStream.flatMap(stream => ['INFO', 'CREATE', 'UPDATE'].map(verb => `$JS.API.STREAM.${verb}.${stream}`)),
      ...everyConsumer.flatMap(({ stream, name, filter }) => [
        `$JS.API.CONSUMER.INFO.${stream}.${name}`,
        `$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`,
      ]),
    ],
    hears: [],
    draws: [],
    inbox: '_INBOX',
  },
}
