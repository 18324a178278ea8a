import { describe, expect, it } from 'vitest'
import { type GoogleProvider, googlePrincipals, readMapping } from './google-pool.ts'
import { commandValues, recipeBlock, recipeBlocks } from './recipe-page.ts'
import { admittedTokens, everyForkOfTheRepository, forksOfMain, recipeTokens, type TokenName } from './recipe-tokens.ts'

const blocks = recipeBlocks('google-cloud')
const valueIn = (label: string, name: string): string => commandValues(recipeBlock(blocks, label)).get(name) ?? ''
const poolName = (id: string) => `projects/123456789012/locations/global/workloadIdentityPools/${id}`

function providerIn(label: string, id: string, pool: string): GoogleProvider {
  return {
    issuer: valueIn(label, 'issuer-uri'),
    audience: `https://iam.googleapis.com/${poolName(pool)}/providers/${id}`,
    mapping: readMapping(valueIn(label, 'attribute-mapping')),
    condition: valueIn(label, 'attribute-condition'),
  }
}

const provider = providerIn('provider', 'forkproof', 'forkproof-forks')
const ownPool = { name: poolName('forkproof-forks'), providers: [provider] }
const granted = (pool: typeof ownPool, member: string): TokenName[] => [
  ...new Set(
    pool.providers.flatMap(({ audience }) =>
      admittedTokens(audience, token => googlePrincipals(pool, token).includes(member)),
    ),
  ),
]
const takenBy = (condition: string): TokenName[] => {
  const pool = { ...ownPool, providers: [{ ...provider, condition }] }
  return admittedTokens(provider.audience, token => googlePrincipals(pool, token).length > 0)
}

describe('the pool for forks on Google Cloud', () => {
  it('grants to forks of the repository on the branch that the condition names, and to nobody else', () => {
    expect(granted(ownPool, valueIn('grant', 'member'))).toEqual(forksOfMain)
    expect(takenBy(provider.condition)).toEqual(forksOfMain)
  })

  it('grants to one fork alone where the attribute is the fork’s', () => {
    expect(granted(ownPool, valueIn('grant-one-fork', 'member'))).toEqual(['fork', 'a fork by another workflow file'])
  })

  it('knows each fork by a subject of its own, within the limit of 127 bytes', () => {
    const subjects = ['fork', 'another fork'].map(name => {
      const token = recipeTokens(provider.audience).get(name as TokenName) ?? {}
      return googlePrincipals(ownPool, token)[0]
    })
    expect(subjects).toEqual([
      expect.stringMatching(/\/subject\/456789:998877$/),
      expect.stringMatching(/\/subject\/456789:776655$/),
    ])
    const longest = { ...recipeTokens(provider.audience).get('fork'), repository_id: '9'.repeat(16) }
    const token = { ...longest, head_repository_id: '9'.repeat(16) }
    const open = { ...ownPool, providers: [{ ...provider, condition: 'true' }] }
    expect(googlePrincipals(open, token)).toHaveLength(4)
  })

  it('asks for the audience that the page tells the workflow', () => {
    expect(provider.audience).toBe(
      'https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/forkproof-forks/providers/forkproof',
    )
  })

  it.each([
    ['wrong-prefix', 'a fork of another repository'],
    ['wrong-names', 'a fork with borrowed names'],
    ['wrong-actor', 'a fork whose run a maintainer started'],
    ['wrong-missing-claim', 'a fork whose pull request was closed'],
    ['wrong-missing-claim', 'a fork whose pull request got another base'],
    ['wrong-missing-claim', 'a fork proven by a finished job’s log'],
  ] as const)('%s lets %s in', (label, name) => {
    expect(takenBy(valueIn(label, 'attribute-condition'))).toContain(name)
  })

  it.each([
    ['over a claim that is missing', "assertion.ref == 'refs/heads/main'"],
    ['that is no yes', "'yes'"],
    ['that does not parse', 'assertion.sub =='],
    ['over a number’s text', 'assertion.iat == "1790000000"'],
  ])('takes nobody by a condition %s', (_what, condition) => {
    expect(takenBy(condition)).toEqual([])
  })

  it('takes nobody where an attribute of the mapping cannot be computed', () => {
    const mapping = new Map([...provider.mapping, ['attribute.ref', 'assertion.ref']])
    const pool = { ...ownPool, providers: [{ ...provider, mapping }] }
    expect(granted(pool, valueIn('grant', 'member'))).toEqual([])
  })
})

describe('the pool of trusted runs on Google Cloud', () => {
  const member = valueIn('trusted-provider', 'member')
  const trusted = providerIn('trusted-provider', 'github', 'github')
  const shared = providerIn('wrong-shared-pool', 'forkproof', 'github')

  it('grants to no fork while GitHub alone is in it', () => {
    const names = granted({ name: poolName('github'), providers: [trusted] }, member)
    expect(names).toEqual(expect.arrayContaining(['a trusted push', 'a trusted release']))
    expect(names.filter(name => /\bfork\b/.test(name) && !name.includes('pull_request_target'))).toEqual([])
  })

  it('grants a trusted run’s roles to every fork once this issuer is in it too', () => {
    const names = granted({ name: poolName('github'), providers: [trusted, shared] }, member)
    expect(names).toEqual(expect.arrayContaining(['a trusted push', ...everyForkOfTheRepository]))
  })

  it('gives forks of a pool of their own none of its roles', () => {
    expect(granted(ownPool, member)).toEqual([])
  })
})
