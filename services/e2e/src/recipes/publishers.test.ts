import { audiencePolicy } from '@forkproof/contracts/audience-policy'
import { Audience } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { recipeBlock, recipeBlocks } from './recipe-page.ts'
import {
  admittedTokens,
  everyForkOfTheRepository,
  type RecipeToken,
  recipeIssuer,
  recipeTokens,
} from './recipe-tokens.ts'

type MayPublish = (claims: RecipeToken, publisher: Readonly<Record<string, string>>) => boolean

const blocks = recipeBlocks('publishers')
const publisher = {
  kind: 'github',
  audience: 'https://registry.example',
  repositoryId: '456789',
  ownerId: '123456',
  workflowRef: 'octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main',
}

/** The page's function, run as it stands there. */
async function admitted(label: string, of = publisher) {
  const source = `data:text/javascript,${encodeURIComponent(recipeBlock(blocks, label))}`
  const { mayPublish } = (await import(source)) as { mayPublish: MayPublish }
  return admittedTokens(of.audience, token => mayPublish(token, of))
}

describe('a registry that checks as the page says', () => {
  it('takes the release workflow of the repository, and no fork', async () => {
    expect(await admitted('check')).toEqual(['a trusted release'])
  })

  it.each([
    ['of a kind that it does not know', { kind: 'forkproof' }],
    ['of a kind that names a method of every object', { kind: 'toString' }],
    ['without a workflow', { workflowRef: '' }],
    ['of another repository', { repositoryId: '4567890' }],
    ['of another owner', { ownerId: '1' }],
    ['with a workflow that is only named alike', { workflowRef: 'octo-org/octo-repo/.github/workflows/release.yml' }],
  ])('takes nobody for a publisher %s', async (_what, change) => {
    expect(await admitted('check', { ...publisher, ...change })).toEqual([])
  })

  it('lets a fork publish by wrong-any-issuer', async () => {
    expect(await admitted('wrong-any-issuer')).toContain('a fork with borrowed names')
  })

  it('lets what anybody can start publish by wrong-any-event', async () => {
    expect(await admitted('wrong-any-event')).toContain('a pull_request_target of a fork')
  })
})

describe('a token of a fork', () => {
  it('has none of the claims by which registries know a workflow, and two that GitHub’s never have', () => {
    for (const name of everyForkOfTheRepository) {
      const claims = Object.keys(recipeTokens('https://registry.example').get(name) ?? {})
      expect(claims).toEqual(expect.arrayContaining(['head_repository_id', 'proof_method']))
      for (const absent of ['ref', 'sha', 'workflow_ref', 'job_workflow_ref', 'environment']) {
        expect(claims).not.toContain(absent)
      }
    }
  })

  it.each([
    'pypi',
    'testpypi',
    'sigstore',
    'npm:registry.npmjs.org',
    'sts.amazonaws.com',
    'api://AzureADTokenExchange',
  ])('is not made for %s unless an operator says so', audience => {
    expect(audiencePolicy([Audience.parse('any')], [Audience.parse(recipeIssuer)])(Audience.parse(audience))).toBe(
      false,
    )
  })
})
