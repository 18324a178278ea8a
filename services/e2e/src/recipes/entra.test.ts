import { describe, expect, it } from 'vitest'
import { type FederatedCredential, readCredential, signsInAs } from './entra-application.ts'
import { recipeBlock, recipeBlocks } from './recipe-page.ts'
import { admittedTokens, everyForkOfTheRepository } from './recipe-tokens.ts'

const blocks = recipeBlocks('entra')
const credentialIn = (label: string) => readCredential(recipeBlock(blocks, label))
const credential = credentialIn('credential')
const [audience] = credential.audiences
const admitted = (...credentials: FederatedCredential[]) =>
  admittedTokens(audience, token => signsInAs(credentials, token))

describe('the application for forks in Entra', () => {
  it('belongs to every fork of the repository alike, and to nobody else', () => {
    expect(admitted(credential)).toEqual(everyForkOfTheRepository)
  })

  it('cannot have an expression for this issuer', () => {
    expect(() => credentialIn('wrong-expression')).toThrow('no expression over sub for https://oidc.example.dev')
  })

  it.each([
    ['in other letters', { subject: 'REPO_ID:456789:fork_pull_request' }],
    ['with a wildcard, which is a star here', { subject: 'repo_id:456789:*' }],
    ['with a slash after the issuer', { issuer: 'https://oidc.example.dev/' }],
    ['for another audience', { audiences: ['api://AzureADTokenExchange'] }],
  ])('admits nobody by a credential %s', (_what, change) => {
    expect(admitted(readCredential(JSON.stringify({ ...credential, ...change })))).toEqual([])
  })

  it.each([
    ['two audiences', { audiences: ['api://octo-org-forks', 'api://other'] }],
    ['no audience', { audiences: [] }],
    [
      'a subject and an expression',
      { claimsMatchingExpression: { value: "claims['sub'] eq 'x'", languageVersion: 1 } },
    ],
  ])('cannot have a credential with %s', (_what, change) => {
    expect(() => readCredential(JSON.stringify({ ...credential, ...change }))).toThrow()
  })
})

describe('the application of trusted runs in Entra', () => {
  const trusted = credentialIn('trusted-credential')

  it('admits no token of this issuer', () => {
    expect(admitted(trusted)).toContain('a trusted push')
    expect(admitted(trusted)).not.toEqual(expect.arrayContaining([...everyForkOfTheRepository]))
    expect(admitted(trusted).filter(name => everyForkOfTheRepository.includes(name as 'fork'))).toEqual([])
  })

  it('admits every fork once it has both credentials', () => {
    expect(admitted(trusted, credential)).toEqual(
      expect.arrayContaining(['a trusted push', ...everyForkOfTheRepository]),
    )
  })

  it('admits what anybody can start by wrong-wildcard', () => {
    expect(admitted(credentialIn('wrong-wildcard'))).toEqual(
      expect.arrayContaining(['a pull_request_target of a fork', 'a pull request of the repository itself']),
    )
  })

  it('can be narrowed by two comparisons, which both must hold', () => {
    const both = (second: string) =>
      admitted(
        readCredential(
          JSON.stringify({
            name: 'both',
            issuer: trusted.issuer,
            audiences: trusted.audiences,
            claimsMatchingExpression: {
              value: `claims['sub'] matches 'repo:octo-org@123456/octo-repo@456789:*' and claims['job_workflow_ref'] ${second}`,
              languageVersion: 1,
            },
          }),
        ),
      )
    expect(both("matches 'octo-org/octo-repo/.github/workflows/release.yml@*'")).toEqual(['a trusted release'])
    expect(both("eq 'octo-org/octo-repo/.github/workflows/release.yml'")).toEqual([])
  })
})
