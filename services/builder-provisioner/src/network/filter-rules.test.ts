import { describe, expect, it } from 'vitest'
import { filterRules } from './filter-rules.ts'
import { blockedNetworks, parseNetwork } from './networks.ts'

const options = { prefix: parseNetwork('198.19.64.0/18'), nameservers: ['1.1.1.1'], blocked: [] }

describe('the filter', () => {
  it('replaces itself as a whole, and touches no other table', () => {
    const { script } = filterRules(options)
    const tables = script.match(/^(?:delete )?table .*/gm)
    expect(tables).toEqual(['table inet forkproof', 'delete table inet forkproof', 'table inet forkproof {'])
    expect(script).not.toContain('flush')
  })

  it('names every network that is not public, and those of the operator', () => {
    const { script } = filterRules({ ...options, blocked: ['203.0.113.0/24'] })
    for (const network of [...blockedNetworks, '203.0.113.0/24']) expect(script).toContain(network)
  })

  it('has a version that every difference changes and nothing else does', () => {
    const versionOf = (more: Partial<typeof options>) => filterRules({ ...options, ...more }).version
    const versions = [
      versionOf({}),
      versionOf({ prefix: parseNetwork('198.19.0.0/18') }),
      versionOf({ nameservers: ['9.9.9.9'] }),
      filterRules({ ...options, blocked: ['203.0.113.0/24'] }).version,
    ]
    expect(new Set(versions).size).toBe(versions.length)
    expect(versionOf({})).toBe(versions[0])
    expect(filterRules(options).script).toContain(`chain ${versions[0]} {`)
  })
})
