import type { Channel } from '@forkproof/contracts/channels'
import type { RunFacts } from '@forkproof/contracts/facts'
import { Audience, ClaimId, Issuer, TokenId } from '@forkproof/contracts/ids'
import { nativeClaims } from '@forkproof/github-simulator/oidc/native-claims'
import { createJob } from '@forkproof/github-simulator/store/change-jobs'
import { createPull } from '@forkproof/github-simulator/store/change-pulls'
import { createRepository, createUser } from '@forkproof/github-simulator/store/change-repositories'
import { createRun, type RunInput } from '@forkproof/github-simulator/store/change-runs'
import { GithubStore } from '@forkproof/github-simulator/store/github-store'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { idTokenClaims } from '@forkproof/signer/minting/id-token-claims'

/** What a relying party reads of a token after its signature was checked. */
export type RecipeToken = Readonly<Record<string, string | number>>

/** The names that the pages use. */
export const recipeIssuer = Issuer.parse('https://oidc.example.dev')
export const nativeIssuer = 'https://token.actions.githubusercontent.com'

const octoOrg = { id: 123_456, login: 'octo-org' }
const octoRepo = { id: 456_789, owner: octoOrg.login, name: 'octo-repo' }
const alice = { id: '5544', login: 'alice' }
const mallory = { id: '6655', login: 'mallory' }
const maintainer = { id: '1001', login: 'maintainer' }
const nowSeconds = 1_790_000_000
const pull = { number: '12', author: alice, state: 'open' as const, readAt: nowSeconds - 1 }
const pullToMain = { ...pull, baseRef: 'main', baseSha: 'b'.repeat(40), authorAssociation: 'CONTRIBUTOR' }

const ofAlice: RunFacts = {
  repository: {
    id: String(octoRepo.id),
    name: `${octoRepo.owner}/${octoRepo.name}`,
    ownerId: String(octoOrg.id),
    owner: octoOrg.login,
  },
  headRepository: { id: '998877', name: 'alice/octo-repo', ownerId: alice.id, owner: alice.login },
  run: {
    id: '30433642',
    number: '10',
    attempt: '1',
    workflowName: 'ci',
    workflowPath: '.github/workflows/ci.yml',
    headSha: 'a'.repeat(40),
    headRef: 'fix',
  },
  actor: alice,
  triggeringActor: alice,
  pullRequest: pullToMain,
}
const ofMallory: RunFacts = {
  ...ofAlice,
  headRepository: { id: '776655', name: 'mallory/octo-repo', ownerId: mallory.id, owner: mallory.login },
  run: { ...ofAlice.run, id: '30433643', number: '11' },
  actor: mallory,
  triggeringActor: mallory,
  pullRequest: { ...pullToMain, number: '13', author: mallory },
}

/** Runs of forks, whose tokens are ours. */
const forkRuns = {
  fork: ofAlice,
  'another fork': ofMallory,
  // All that an author of a fork can write, as somebody else's.
  'a fork with borrowed names': {
    ...ofMallory,
    run: { ...ofMallory.run, headRef: 'fix', workflowName: 'release', workflowPath: '.github/workflows/release.yml' },
  },
  'a fork on another base branch': { ...ofAlice, pullRequest: { ...pullToMain, baseRef: 'next' } },
  'a fork by another workflow file': {
    ...ofAlice,
    run: { ...ofAlice.run, workflowPath: '.github/workflows/other.yml' },
  },
  // Of both nothing is said that policies go by.
  'a fork whose pull request was closed': { ...ofAlice, pullRequest: { ...pull, state: 'closed' } },
  'a fork whose pull request got another base': { ...ofAlice, pullRequest: pull },
  'a fork whose run a maintainer started': { ...ofMallory, actor: maintainer, triggeringActor: maintainer },
  // Its id begins with the other's.
  'a fork of another repository': {
    ...ofAlice,
    repository: { ...ofAlice.repository, id: `${octoRepo.id}0`, name: `${octoOrg.login}/octo-repo-2` },
  },
} satisfies Record<string, RunFacts>
/** Where an operator lets finished jobs’ logs prove runs, or others have printed the code. */
const provenByLog = 'a fork proven by a finished job’s log'

/** Runs that get GitHub's own token. */
const nativeRuns = {
  'a trusted push': {},
  'a trusted release': { path: '.github/workflows/release.yml', name: 'release' },
  'a pull request of the repository itself': { pullRequest: 1, headBranch: 'feature', actor: maintainer.login },
  // Started by a stranger: its code is the base branch’s, its input the stranger’s.
  'a pull_request_target of a fork': { event: 'pull_request_target', actor: mallory.login },
} satisfies Record<string, RunInput>

export type TokenName =
  | keyof typeof forkRuns
  | keyof typeof nativeRuns
  | typeof provenByLog
  | 'a fork for another audience'

/** Every token, as the signer and GitHub would make it for the audience. */
export function recipeTokens(audience: string): ReadonlyMap<TokenName, RecipeToken> {
  const forks = Object.entries(forkRuns).map(([name, facts]) => [name, recipeForkToken(facts, audience)])
  const natives = Object.entries(nativeRuns).map(([name, input]) => [name, recipeNativeToken(input, audience)])
  const others = [
    [provenByLog, recipeForkToken(ofAlice, audience, 'job-log')],
    ['a fork for another audience', recipeForkToken(ofAlice, 'https://another.example')],
  ]
  return new Map([...forks, ...others, ...natives] as [TokenName, RecipeToken][])
}

/** The names of those that are admitted. */
export const admittedTokens = (audience: string, admits: (token: RecipeToken) => boolean): TokenName[] =>
  [...recipeTokens(audience)].filter(([, token]) => admits(token)).map(([name]) => name)

/** Everybody who can open a pull request against the repository: one `sub` stands for all of them. */
export const everyForkOfTheRepository = [
  'fork',
  'another fork',
  'a fork with borrowed names',
  'a fork on another base branch',
  'a fork by another workflow file',
  'a fork whose pull request was closed',
  'a fork whose pull request got another base',
  'a fork whose run a maintainer started',
  provenByLog,
] as const satisfies TokenName[]

/** Those of them that a policy over every claim admits, as the pages write it. */
export const forksOfMain = everyForkOfTheRepository.filter(name => !/base|closed|log/.test(name))

function recipeForkToken(facts: RunFacts, audience: string, channel: Channel = 'artifact'): RecipeToken {
  return idTokenClaims({
    issuer: recipeIssuer,
    subjectParts: [],
    tokenId: TokenId.parse('00000000-0000-4000-8000-000000000001'),
    iatSeconds: nowSeconds,
    attestation: {
      claimId: ClaimId.parse('A'.repeat(43)),
      audience: Audience.parse(audience),
      facts,
      channel,
      seenAt: nowSeconds,
      exp: nowSeconds + 120,
    },
  })
}

function recipeNativeToken(input: RunInput, audience: string): RecipeToken {
  const store = new GithubStore(new FakeClock())
  createUser(store, { ...octoOrg, type: 'Organization' })
  createUser(store, { login: mallory.login, id: Number(mallory.id) })
  const repository = createRepository(store, octoRepo)
  createPull(store, repository, { headRepository: `${octoRepo.owner}/${octoRepo.name}`, headBranch: 'feature' })
  const run = createRun(store, repository, input)
  const job = createJob(store, run, { name: 'build' })
  return { ...nativeClaims(store, { job, run }), iss: nativeIssuer, aud: audience }
}
