import { describe, expect, it } from 'vitest'
import { commandValues, recipeBlock, recipeBlocks } from './recipe-page.ts'
import { admittedTokens, forksOfMain, recipeTokens, type TokenName } from './recipe-tokens.ts'
import { readVaultRole, type VaultRole, vaultAlias } from './vault-role.ts'

const blocks = recipeBlocks('vault')
const config = commandValues(recipeBlock(blocks, 'config'))
const boundIssuer = config.get('bound_issuer') ?? ''
const roleIn = (label: string) => readVaultRole(recipeBlock(blocks, label))
const role = roleIn('role')
const [audience = ''] = role.bound_audiences
const admitted = (of: VaultRole) => admittedTokens(audience, token => vaultAlias(of, boundIssuer, token) !== undefined)
const aliasOf = (of: VaultRole, name: TokenName) => vaultAlias(of, boundIssuer, recipeTokens(audience).get(name) ?? {})

describe('the role for forks in Vault', () => {
  it('admits forks of the repository on the branch that it names, and nobody else', () => {
    expect(config.get('oidc_discovery_url')).toBe(boundIssuer)
    expect(admitted(role)).toEqual(forksOfMain)
  })

  it('makes each fork an entity of its own', () => {
    expect([aliasOf(role, 'fork'), aliasOf(role, 'another fork')]).toEqual(['998877', '776655'])
    expect(aliasOf(role, 'a fork with borrowed names')).toBe(aliasOf(role, 'another fork'))
    expect(aliasOf(role, 'a fork whose run a maintainer started')).toBe(aliasOf(role, 'another fork'))
  })

  it('makes all forks one entity by wrong-user-claim-sub', () => {
    const merged = roleIn('wrong-user-claim-sub')
    expect(aliasOf(merged, 'another fork')).toBe(aliasOf(merged, 'fork'))
  })

  it('lets a fork take another’s entity by wrong-user-claim-name', () => {
    const chosen = roleIn('wrong-user-claim-name')
    expect(aliasOf(chosen, 'a fork with borrowed names')).toBe(aliasOf(chosen, 'fork'))
  })

  it.each([
    ['wrong-glob', 'a fork of another repository'],
    ['wrong-names', 'a fork with borrowed names'],
  ] as const)('%s lets %s in', (label, name) => {
    expect(admitted(roleIn(label))).toContain(name)
  })

  it.each<[string, Partial<VaultRole>]>([
    ['no bound audience', { bound_audiences: [] }],
    ['the audience of somebody else', { bound_audiences: ['https://another.example/'] }],
    ['a star that is not a glob', { bound_claims: { sub: ['repo_id:456789*'] } }],
    ['a claim that only GitHub’s tokens have', { bound_claims: { ref: ['refs/heads/main'] } }],
    ['a number for an id', { bound_claims: { iat: ['1790000000'] } }],
    ['a user claim that is missing', { user_claim: 'email' }],
    ['a user claim that is no text', { user_claim: 'iat' }],
  ])('admits nobody with %s', (_what, change) => {
    expect(admitted({ ...role, ...change })).toEqual([])
  })
})
