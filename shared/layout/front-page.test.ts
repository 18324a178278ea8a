import { describe, expect, it } from 'vitest'
import { projectFiles, readSource } from './source-tree.ts'

const readme = readSource('README.md').text
const contributing = readSource('CONTRIBUTING.md').text
/** A maintainer reads it in two minutes; what is longer belongs to docs/. */
const readmeLinesMax = 80
const section = (title: string) => readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

describe('the README', () => {
  it('shows the tree that there is', () => {
    const shown = Array.from(section('The tree').matchAll(/^(?:[│ ]*[├└]── )?([a-z0-9.-]+\/)/gm), match =>
      match[1]?.slice(0, -1),
    )
    const real = new Set(
      projectFiles()
        .filter(path => path.includes('/') && !path.startsWith('.'))
        .flatMap(path =>
          path
            .split('/')
            .slice(0, 2)
            .slice(0, path.split('/').length - 1),
        ),
    )
    const folders = [...real].filter(name => !name.includes('.ts'))
    expect(
      folders.filter(name => !shown.includes(name)),
      'add these folders to the tree',
    ).toEqual([])
    expect(
      shown.filter(name => name && !real.has(name)),
      'remove these folders from the tree',
    ).toEqual([])
  })

  it('is short', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(readmeLinesMax)
  })
})

describe('the guide for contributors', () => {
  it('names every command of package.json', () => {
    const scripts = Object.keys(JSON.parse(readSource('package.json').text).scripts)
    const command = (name: string) => (name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`)
    expect(scripts.filter(name => !contributing.includes(command(name)))).toEqual([])
  })
})
