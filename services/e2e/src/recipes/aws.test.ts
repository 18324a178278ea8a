import { describe, expect, it } from 'vitest'
import { assumesRole, readTrustPolicy, withCondition } from './aws-role.ts'
import { commandValues, recipeBlock, recipeBlocks } from './recipe-page.ts'
import { admittedTokens, everyForkOfTheRepository } from './recipe-tokens.ts'

const blocks = recipeBlocks('aws')
const command = commandValues(recipeBlock(blocks, 'provider'))
const provider = { url: command.get('url') ?? '', clientIds: [command.get('client-id-list') ?? ''] }
const [audience = ''] = provider.clientIds
const role = readTrustPolicy(recipeBlock(blocks, 'role'))
const wrong = (label: string) => withCondition(role, recipeBlock(blocks, label))
const admitted = (policy: typeof role) => admittedTokens(audience, token => assumesRole(policy, provider, token))

describe('the role for forks on AWS', () => {
  it('belongs to every fork of the repository alike, and to nobody else', () => {
    expect(admitted(role)).toEqual(everyForkOfTheRepository)
  })

  it.each([
    ['wrong-no-subject', 'a fork of another repository'],
    ['wrong-wildcard', 'a fork of another repository'],
    ['wrong-for-all-values', 'a fork of another repository'],
    ['wrong-if-exists', 'another fork'],
    ['wrong-if-exists', 'a fork of another repository'],
  ] as const)('%s lets %s in', (label, name) => {
    expect(admitted(wrong(label))).toContain(name)
  })

  it.each([
    ['a positive operator on a claim that AWS does not see', 'StringEquals'],
    ['the same with a wildcard', 'StringLike'],
    ['ForAnyValue', 'ForAnyValue:StringEquals'],
  ])('admits nobody by %s', (_what, operator) => {
    const text = JSON.stringify({ Condition: { [operator]: { 'oidc.example.dev:repository_id': '456789' } } })
    expect(admitted(withCondition(role, text))).toEqual([])
  })

  it.each([
    ['spelt in other letters', 'REPO_ID:456789:FORK_PULL_REQUEST'],
    ['of GitHub’s form', 'repo:octo-org/octo-repo:pull_request'],
    ['cut short', 'repo_id:456789'],
    ['with a space', 'repo_id:456789:fork_pull_request '],
  ])('admits nobody by a subject %s', (_what, sub) => {
    const text = JSON.stringify({ Condition: { StringEquals: { 'oidc.example.dev:sub': sub } } })
    expect(admitted(withCondition(role, text))).toEqual([])
  })

  it('admits nobody by keys of GitHub’s own provider', () => {
    const text = JSON.stringify({
      Condition: { StringEquals: { 'token.actions.githubusercontent.com:repository_id': '456789' } },
    })
    expect(admitted(withCondition(role, text))).toEqual([])
  })

  it('is refused by the evaluator where it holds something unknown, rather than passed over', () => {
    const text = JSON.stringify({ Condition: { StringFuzzy: { 'oidc.example.dev:sub': 'x' } } })
    expect(() => admitted(withCondition(role, text))).toThrow('no operator')
    expect(() => readTrustPolicy(JSON.stringify({ ...role, Id: 'x' }))).toThrow()
  })
})
