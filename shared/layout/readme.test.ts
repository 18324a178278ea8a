import { errorTable } from '@forkproof/contracts/errors'
import { describe, expect, it } from 'vitest'
import { projectFiles, readSource } from './source-tree.ts'

const readme = readSource('README.md').text
const section = (title: string) => readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

const settingNames = (text: string) =>
  [...new Set(Array.from(text.matchAll(/FORKPROOF_[A-Z_]+[A-Z]/g), match => match[0]))].sort()

describe('the settings page', () => {
  it('lists exactly the settings that the services read', () => {
    const sources = projectFiles().filter(path => path.endsWith('/config.ts') || path.endsWith('/shared-settings.ts'))
    const definitions = sources.flatMap(path =>
      Array.from(readSource(path).text.matchAll(/env: '(FORKPROOF_[A-Z_]+)'/g), match => match[1] ?? ''),
    )
    expect(settingNames(readSource('docs/settings.md').text)).toEqual([...new Set(definitions)].sort())
  })
})

describe('the README', () => {
  it('has the error table that the code has', () => {
    const rows = Array.from(section('Errors').matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (yes|no) \| (.+) \|$/gm), row =>
      row.slice(1),
    )
    const real = Object.entries(errorTable).map(([code, entry]) => [
      code,
      String(entry.status),
      entry.retryable ? 'yes' : 'no',
      entry.title,
    ])
    expect(rows).toEqual(real)
  })

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
