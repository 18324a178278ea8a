import { describe, expect, it } from 'vitest'
import { projectFiles, readSource } from './source-tree.ts'

const readme = readSource('README.md').text
const section = (title: string) => readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

describe('the README', () => {
  it('shows the tree that there is', () => {
    const shown = Array.from(section('The tree').matchAll(/^(?:[│ ]*[├└]── )?([a-z0-9.-]+\/)/gm), match =>
      match[1]?.slice(0, -1),
    )
    const real = new Set(
      projectFiles()
        .filter(path => path.includes('/'))
        .flatMap(path =>
          path
            .split('/')
            .slice(0, 2)
            .slice(0, path.split('/').length - 1),
        ),
    )
    const folders = [...real].filter(name => !name.startsWith('.') && !name.includes('.ts'))
    expect(
      folders.filter(name => !shown.includes(name)),
      'add these folders to the tree',
    ).toEqual([])
    expect(
      shown.filter(name => name && !real.has(name)),
      'remove these folders from the tree',
    ).toEqual([])
  })

  it('names every command of package.json', () => {
    const scripts = Object.keys(JSON.parse(readSource('package.json').text).scripts)
    expect(
      scripts.filter(name => !readme.includes(name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`)),
    ).toEqual([])
  })
})
