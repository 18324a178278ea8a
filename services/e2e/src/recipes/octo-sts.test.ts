import { describe, expect, it } from 'vitest'
import { type OctoStsPolicy, octoStsDomain, octoStsExchanges, readOctoStsPolicy } from './octo-sts-policy.ts'
import { recipeBlock, recipeBlocks } from './recipe-page.ts'
import { admittedTokens, everyForkOfTheRepository, forksOfMain } from './recipe-tokens.ts'

const blocks = recipeBlocks('octo-sts')
const policyIn = (label: string) => readOctoStsPolicy(recipeBlock(blocks, label))
const policy = policyIn('policy')
const own = policy.audience ?? ''
const admitted = (of: OctoStsPolicy, audience = own) => admittedTokens(audience, token => octoStsExchanges(of, token))

describe('the policy for forks at octo-sts', () => {
  it('admits forks of the repository on the branch that it names, and nobody else', () => {
    expect(admitted(policy)).toEqual(forksOfMain)
    expect(policy.permissions).toEqual({ contents: 'read' })
  })

  it('admits no token that was made for all who use octo-sts', () => {
    expect(admitted(policy, octoStsDomain)).toEqual([])
  })

  it('takes such tokens by wrong-no-audience', () => {
    expect(admitted(policyIn('wrong-no-audience'), octoStsDomain)).toEqual(everyForkOfTheRepository)
  })

  it.each([
    ['wrong-pattern', 'a fork of another repository'],
    ['wrong-issuers', 'fork'],
    ['wrong-issuers', 'a pull_request_target of a fork'],
    ['wrong-names', 'a fork with borrowed names'],
  ] as const)('%s lets %s in', (label, name) => {
    expect(admitted(policyIn(label))).toContain(name)
  })

  it.each<[string, Partial<OctoStsPolicy>]>([
    ['that fits the beginning alone', { claim_pattern: { repository_id: '45' } }],
    ['that fits the end alone', { claim_pattern: { repository_id: '89' } }],
    ['with alternatives that each fit a part', { claim_pattern: { repository_id: '45|89' } }],
    ['over a claim that is missing', { claim_pattern: { ref: '.*' } }],
    ['over a number', { claim_pattern: { iat: '.*' } }],
  ])('admits nobody by a pattern %s', (_what, change) => {
    expect(admitted({ ...policy, ...change })).toEqual([])
  })

  it.each([
    ['without a subject', 'issuer: https://oidc.example.dev\npermissions: {contents: read}'],
    ['with two issuers', 'issuer: https://a.dev\nissuer_pattern: .*\nsubject: x\npermissions: {contents: read}'],
    ['with an unknown member', 'issuer: https://a.dev\nsubject: x\nclaims: {}\npermissions: {contents: read}'],
  ])('is no policy %s', (_what, text) => {
    expect(() => readOctoStsPolicy(text)).toThrow()
  })
})
