import { readdirSync, readFileSync } from 'node:fs'
import { audiencePolicy } from '@forkproof/contracts/audience-policy'
import { Audience } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { commandValues, recipeBlocks } from './recipe-page.ts'
import { recipeIssuer } from './recipe-tokens.ts'

const root = new URL('../../../../', import.meta.url)
const pages = readdirSync(new URL('docs/recipes/', root))
  .filter(name => name !== 'README.md')
  .map(name => name.replace(/\.md$/, ''))

describe('the pages of recipes', () => {
  it.each(pages)('%s: each of its blocks is read by its test', name => {
    const test = readFileSync(new URL(`services/e2e/src/recipes/${name}.test.ts`, root), 'utf8')
    const labels = [...recipeBlocks(name).keys()]
    expect(labels.length).toBeGreaterThan(1)
    expect(labels.filter(label => !test.includes(`'${label}'`))).toEqual([])
  })

  it.each(pages)('%s: says what to configure, what must not be done, and what an author can do', name => {
    const text = readFileSync(new URL(`docs/recipes/${name}.md`, root), 'utf8')
    const headings = Array.from(text.matchAll(/^## (.+)$/gm), match => match[1])
    expect(headings).toEqual(expect.arrayContaining(['What to configure', 'What must not be done']))
    expect(headings.at(-1)).toMatch(/^What a fork’s author (can|could) do with it$/)
  })

  it.each(pages)('%s: shows no block without a label, which no test would read', name => {
    const text = readFileSync(new URL(`docs/recipes/${name}.md`, root), 'utf8')
    const opened = Array.from(text.matchAll(/^```(\S.*)$/gm), match => match[1])
    expect(opened.filter(info => !/^[a-z]+ [a-z-]+$/.test(info ?? ''))).toEqual([])
  })

  it.each([
    'https://aws.octo-org.example/forks',
    'api://octo-org-forks',
    'https://vault.octo-org.example/forks',
    'https://octo-sts.octo-org.example/forks',
    'https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/forkproof-forks/providers/forkproof',
  ])('name an audience that the service makes tokens for: %s', audience => {
    const texts = pages.map(name => readFileSync(new URL(`docs/recipes/${name}.md`, root), 'utf8'))
    expect(texts.filter(text => text.includes(audience))).toHaveLength(1)
    expect(audiencePolicy([Audience.parse('any')], [Audience.parse(recipeIssuer)])(Audience.parse(audience))).toBe(true)
  })
})

describe('values of a command', () => {
  it('are read with equals signs and without, quoted and not', () => {
    const values = commandValues(`tool make thing --one=1 --two 2 --three="a 'b' c" four=4 \\\n  --five='x=y'`)
    expect(Object.fromEntries(values)).toEqual({ one: '1', two: '2', three: "a 'b' c", four: '4', five: 'x=y' })
  })
})
