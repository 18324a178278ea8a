import { busResources } from '@forkproof/contracts/bus'
import { jwksDocumentKey } from '@forkproof/contracts/jwks'
import { buckets, streams, subjects } from '@forkproof/contracts/subjects'
import { type BusUser, busPermissions } from '@forkproof/deployment/bus-permissions'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { NatsWire } from '../testing/nats-wire.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let claimId: string
beforeAll(async () => {
  harness = await openSystemHarness()
  // One proven claim leaves something to steal in every store.
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  if ((await exchangeClaim(answer.exchangeURL)).status !== 200) throw new Error('the honest claim was not proven')
  claimId = answer.claimId
})

/** A connection with the password that the running service has. */
async function as<T>(user: BusUser, work: (wire: NatsWire) => Promise<T>): Promise<T> {
  const port = Number(new URL(harness.system.addresses.nats).port)
  const password = harness.system.busPasswords[user].reveal()
  const wire = await NatsWire.open(port, user, password, busPermissions[user].inbox)
  try {
    return await work(wire)
  } finally {
    wire.close()
  }
}

const refused = [expect.stringContaining('Permissions Violation')]
const read = (bucket: string) => `$JS.API.STREAM.MSG.GET.KV_${bucket}`
const lastOf = (subject: string) => JSON.stringify({ last_by_subj: subject })
const keyOf = (bucket: string, key: string) => `$KV.${bucket}.${key}`
/** How many messages each stream has, as the administrator sees it. */
const counts = () =>
  as('admin', async wire => {
    const names = [
      ...busResources().streams.map(({ name }) => name),
      ...busResources().buckets.map(({ name }) => `KV_${name}`),
    ]
    const infos: [string, number][] = []
    for (const name of names) {
      const info: { state: { messages: number } } = JSON.parse(await wire.request(`$JS.API.STREAM.INFO.${name}`))
      infos.push([name, info.state.messages])
    }
    return Object.fromEntries(infos)
  })

describe('a service’s own password on the bus', () => {
  it('opens what the service needs, so that the refusals below mean something', async () => {
    const document = await as('gateway', wire =>
      wire.request(read(buckets.jwks), lastOf(keyOf(buckets.jwks, jwksDocumentKey))),
    )
    expect(JSON.parse(document)).toMatchObject({ message: { subject: keyOf(buckets.jwks, jwksDocumentKey) } })
    const mint = await as('signer', wire => wire.request(read(buckets.minted), lastOf(keyOf(buckets.minted, claimId))))
    expect(JSON.parse(mint)).toMatchObject({ message: { subject: keyOf(buckets.minted, claimId) } })
    expect(await counts()).toMatchObject({ CLAIMS: 1, ISSUANCE: 1, KV_minted: 1 })
  })

  it.each<[BusUser, string, string]>([
    ['gateway', 'write an issuance', subjects.issuance],
    ['gateway', 'announce a proven claim', 'forkproof.claim.proven.v1'],
    ['gateway', 'publish a key', keyOf(buckets.jwks, jwksDocumentKey)],
    ['gateway', 'take a claim’s place', keyOf(buckets.minted, 'claim')],
    ['verifier', 'write an issuance', subjects.issuance],
    ['verifier', 'publish a key', keyOf(buckets.jwks, jwksDocumentKey)],
    ['verifier', 'nudge', 'nudge.shown.x'],
    ['orchestrator', 'hint about a run', 'run-hint.74'],
    ['orchestrator', 'write an issuance', subjects.issuance],
    ['orchestrator', 'publish a key', keyOf(buckets.jwks, jwksDocumentKey)],
    ['orchestrator', 'replace a signing key', keyOf(buckets.signingKeys, 'x')],
    ['signer', 'announce a proven claim', 'forkproof.claim.proven.v1'],
    ['gateway', 'ask for a builder', 'forkproof.command.builder.request.linux-amd64.project'],
    ['gateway', 'release a builder', 'forkproof.command.builder.release.node-1'],
    ['gateway', 'announce a ready builder', 'forkproof.builder.ready'],
    ['gateway', 'announce a node', keyOf(buckets.nodes, 'node-1')],
    ['orchestrator', 'announce a ready builder', 'forkproof.builder.ready'],
    ['orchestrator', 'change a project', keyOf(buckets.projects, 'prj_aaaaaaaaaaaaaaaa')],
    ['orchestrator', 'keep a builder alive', 'alive.x'],
    ['provisioner', 'ask for a builder', 'forkproof.command.builder.request.linux-amd64.project'],
    ['provisioner', 'change a project', keyOf(buckets.projects, 'prj_aaaaaaaaaaaaaaaa')],
    ['provisioner', 'make up an access token', keyOf(buckets.accessTokens, 'a'.repeat(64))],
    ['provisioner', 'write an issuance', subjects.issuance],
    ['verifier', 'change a project', keyOf(buckets.projects, 'prj_aaaaaaaaaaaaaaaa')],
    ['gateway', 'make up what GitHub’s limits leave', keyOf(buckets.github, 'budget')],
    ['signer', 'change a project', keyOf(buckets.projects, 'prj_aaaaaaaaaaaaaaaa')],
    ['admin', 'change a project', keyOf(buckets.projects, 'prj_aaaaaaaaaaaaaaaa')],
    ['admin', 'write an issuance', subjects.issuance],
    ['admin', 'publish a key', keyOf(buckets.jwks, jwksDocumentKey)],
  ])('does not let the %s %s', async (user, _what, subject) => {
    const before = await counts()
    expect(await as(user, wire => wire.publish(subject, '{"forged":true}'))).toEqual(refused)
    expect(await counts()).toEqual(before)
  })

  it.each<[BusUser, string, string, string]>([
    ['gateway', 'read signing keys', read(buckets.signingKeys), keyOf(buckets.signingKeys, '>')],
    ['gateway', 'read what was minted', read(buckets.minted), keyOf(buckets.minted, '>')],
    ['provisioner', 'read access tokens', read(buckets.accessTokens), keyOf(buckets.accessTokens, '>')],
    ['provisioner', 'read projects', read(buckets.projects), keyOf(buckets.projects, '>')],
    ['orchestrator', 'read access tokens', read(buckets.accessTokens), keyOf(buckets.accessTokens, '>')],
    ['admin', 'read access tokens', read(buckets.accessTokens), keyOf(buckets.accessTokens, '>')],
    ['gateway', 'read the issuance log', `$JS.API.STREAM.MSG.GET.${streams.issuance}`, subjects.issuance],
    ['verifier', 'read access tokens', read(buckets.accessTokens), keyOf(buckets.accessTokens, '>')],
    ['verifier', 'read signing keys', read(buckets.signingKeys), keyOf(buckets.signingKeys, '>')],
    ['orchestrator', 'read signing keys', read(buckets.signingKeys), keyOf(buckets.signingKeys, '>')],
    ['orchestrator', 'read what was minted', read(buckets.minted), keyOf(buckets.minted, '>')],
    ['admin', 'read signing keys', read(buckets.signingKeys), keyOf(buckets.signingKeys, '>')],
    ['signer', 'delete from the issuance log', `$JS.API.STREAM.MSG.DELETE.${streams.issuance}`, subjects.issuance],
    ['signer', 'purge the issuance log', `$JS.API.STREAM.PURGE.${streams.issuance}`, subjects.issuance],
    ['admin', 'purge the issuance log', `$JS.API.STREAM.PURGE.${streams.issuance}`, subjects.issuance],
  ])('does not let the %s %s', async (user, _what, subject, about) => {
    const before = await counts()
    await expect(as(user, wire => wire.request(subject, lastOf(about)))).rejects.toThrow('Permissions Violation')
    expect(await counts()).toEqual(before)
  })

  it.each<[BusUser, string]>([
    ['gateway', 'forkproof.>'],
    ['gateway', '$KV.>'],
    ['gateway', '_INBOX_signer.>'],
    ['verifier', '>'],
    ['orchestrator', '_INBOX_signer.>'],
    ['provisioner', '>'],
    ['provisioner', '_INBOX_gateway.>'],
    ['orchestrator', 'forkproof.builder.>'],
    ['signer', 'nudge.>'],
    ['provisioner', 'run-hint.*'],
  ])('does not let the %s listen to %s', async (user, subject) => {
    expect(await as(user, wire => wire.subscribe(subject))).toEqual(refused)
  })

  it.each<[string, BusUser | undefined]>([
    ['nobody in particular', undefined],
    ['the signer with another service’s password', 'signer'],
  ])('is needed: %s is not let in', async (_who, user) => {
    const port = Number(new URL(harness.system.addresses.nats).port)
    const password = harness.system.busPasswords.gateway.reveal()
    await expect(NatsWire.open(port, user, password, '_INBOX')).rejects.toThrow('Authorization Violation')
  })
})
