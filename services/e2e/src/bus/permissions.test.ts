import { type BusUser, busPermissions, busUsers } from '@forkproof/deployment/bus-permissions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BusHarness, openBusHarness } from '../testing/bus-harness.ts'

let harness: BusHarness
const wireOf = (user: BusUser) => harness.wireOf(user)
beforeAll(async () => {
  harness = await openBusHarness()
}, 600_000)
afterAll(() => harness.close())

const buckets = ['jwks', 'minted', 'signing-keys', 'projects', 'access-tokens', 'used-tokens', 'nodes', 'github']
const bucketWrites = buckets.map(bucket => `$KV.${bucket}.forged`)
const bucketReads = buckets.flatMap(bucket => [
  `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}.$KV.${bucket}.current`,
])
const streamNames = ['CLAIMS', 'ISSUANCE', 'BUILDERS', 'BUILDER_COMMANDS', ...buckets.map(bucket => `KV_${bucket}`)]
const streamChanges = streamNames.flatMap(stream => [
  ...['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE'].map(
    verb => `$JS.API.STREAM.${verb}.${stream}`,
  ),
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.mine`,
])
const eventsAndLog = [
  'forkproof.claim.proven.v1',
  'forkproof.issuance.token',
  'forkproof.builder.ready',
  'forkproof.command.builder.request.linux-amd64.ephemeral',
  'forkproof.command.builder.release.node-1',
  'forkproof.other',
]
const draws = [
  ['BUILDERS', 'build-signals'],
  ['BUILDER_COMMANDS', 'requests-linux-amd64-ephemeral'],
  ['BUILDER_COMMANDS', 'requests-linux-arm64-project'],
  ['BUILDER_COMMANDS', 'releases-node-1'],
].flatMap(([stream, consumer]) => [
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
  `$JS.ACK.${stream}.${consumer}.1.1.1.1.0`,
])
const issuanceReads = ['$JS.API.STREAM.MSG.GET.ISSUANCE', '$JS.API.DIRECT.GET.ISSUANCE']
const others = [
  'nudge.shown.abc',
  'alive.abc',
  'run-hint.74',
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.CREATE.MINE',
  '$JS.API.ACCOUNT.PURGE.BUS',
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.USER.INFO',
  '_INBOX_signer.x',
  '_INBOX_gateway.x',
  '_INBOX_verifier.x',
  '_INBOX_provisioner.x',
  '_INBOX.x',
  '_R_.x',
  'anything',
]
const everything = [
  ...new Set([
    ...bucketWrites,
    ...bucketReads,
    ...streamChanges,
    ...eventsAndLog,
    ...draws,
    ...issuanceReads,
    ...others,
  ]),
]
/** Written by hand, not taken from the table under test. */
const mayPublish: Readonly<Record<BusUser, RegExp>> = {
  gateway:
    /^(nudge\.shown\.abc|alive\.abc|run-hint\.74|\$JS\.API\.STREAM\.MSG\.GET\.KV_(jwks|projects|access-tokens|used-tokens|nodes|github)|\$KV\.(projects|access-tokens|used-tokens)\.forged)$/,
  orchestrator:
    /^(forkproof\.claim\.proven\.v1|forkproof\.command\.builder\..*|\$JS\.(API\.CONSUMER\.MSG\.NEXT|ACK)\.BUILDERS\.build-signals(\..*)?)$/,
  provisioner:
    /^(forkproof\.builder\.ready|\$KV\.nodes\.forged|\$JS\.(API\.CONSUMER\.MSG\.NEXT|ACK)\.BUILDER_COMMANDS\..*)$/,
  verifier: /^(\$JS\.API\.STREAM\.MSG\.GET\.KV_projects|\$KV\.github\.forged)$/,
  signer:
    /^(\$KV\.(jwks|minted|signing-keys)\.forged|\$JS\.API\.STREAM\.MSG\.GET\.(ISSUANCE|KV_(jwks|minted|signing-keys))|forkproof\.issuance\.token)$/,
  admin: /^\$JS\.API\.STREAM\.(CREATE|UPDATE)\.(CLAIMS|ISSUANCE|BUILDERS|BUILDER_COMMANDS|KV_.*)$/,
}
const forbidden = busUsers.flatMap(user =>
  everything.filter(subject => !mayPublish[user].test(subject)).map(subject => [user, subject] as const),
)

describe('what a service must not publish is refused by the server', () => {
  test.each(forbidden)('%s: %s', async (user, subject) => {
    expect(await wireOf(user).publish(subject, '{}')).toEqual([`'Permissions Violation for Publish to "${subject}"'`])
  })
})

const listening = ['>', '$KV.>', '$KV.jwks.>', '$JS.>', '$SYS.>', 'forkproof.>', 'forkproof.issuance.token', '_R_.>']
const inboxes = ['_INBOX_gateway.>', '_INBOX_signer.>', '_INBOX_verifier.>', '_INBOX_orchestrator.>', '_INBOX.>']
const eavesdropping = busUsers.flatMap(user =>
  [...listening, ...inboxes, ...(user === 'verifier' ? [] : ['nudge.>', 'run-hint.*'])]
    .filter(subject => subject !== `${busPermissions[user].inbox}.>`)
    .map(subject => [user, subject] as const),
)

describe('what a service must not hear it cannot subscribe to', () => {
  test.each(eavesdropping)('%s: %s', async (user, subject) => {
    expect(await wireOf(user).subscribe(subject)).toEqual([`'Permissions Violation for Subscription to "${subject}"'`])
  })
})
