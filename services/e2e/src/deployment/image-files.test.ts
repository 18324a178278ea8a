import { matchesGlob, posix } from 'node:path'
import { importsOf, projectFiles, readSource } from '@forkproof/layout/source-tree'
import { describe, expect, it } from 'vitest'

const linesOf = (path: string) => readSource(path).text.split('\n')

/** Folders that the Dockerfile copies into the image under the same name. */
const copied = linesOf('services/Dockerfile').flatMap(line => {
  const [, from, to] = /^COPY (\S+) (\S+)$/.exec(line) ?? []
  return from !== undefined && from === to ? [from] : []
})
/** Docker leaves a file out when a pattern matches it or a folder above it. */
const ignored = linesOf('.dockerignore').filter(line => line !== '' && !line.startsWith('#'))
const isIgnored = (path: string): boolean =>
  path !== '.' && (ignored.some(pattern => matchesGlob(path, pattern)) || isIgnored(posix.dirname(path)))

const image = projectFiles().filter(path => copied.some(folder => path.startsWith(`${folder}/`)) && !isIgnored(path))
const inImage = new Set(image)
const entries = [
  ...linesOf('docker-compose.yml').flatMap(line => /command: \[(services\/\S+\.ts)\]/.exec(line)?.[1] ?? []),
  'services/builder-provisioner/src/main.ts',
  'services/signer/src/keys-command.ts',
  'services/signer/src/issuance-command.ts',
]

describe('the image', () => {
  it('has the services that are deployed and what they share, and no other workspace', () => {
    const workspaces = image.filter(path => path.endsWith('/package.json')).map(path => posix.dirname(path))
    expect(workspaces.sort()).toEqual([
      'services/builder-provisioner',
      'services/gateway',
      'services/orchestrator',
      'services/signer',
      'services/verifier',
      'shared/contracts',
      'shared/infra',
      'workflows',
    ])
  })

  it('has no tests, nothing that only tests use, and no secrets of this machine', () => {
    expect(image.filter(path => /\.test\.ts$|\/testing\/|\/histories\/|node_modules/.test(path))).toEqual([])
    for (const path of ['.git', 'deployment', '.forkproof', 'services/signer/node_modules'])
      expect(isIgnored(path)).toBe(true)
  })

  it('has every file that is started', () => {
    expect(entries.length).toBeGreaterThanOrEqual(8)
    expect(entries.filter(path => !inImage.has(path))).toEqual([])
  })

  it('has everything that its files import', () => {
    const folders: Record<string, string> = {
      contracts: 'shared/contracts',
      infra: 'shared/infra',
      workflows: 'workflows',
    }
    const fileOf = (from: string, specifier: string): string | undefined => {
      if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
      const [scope, name = '', ...path] = specifier.split('/')
      if (scope !== '@forkproof') return undefined
      return `${folders[name] ?? `services/${name}/src`}/${path.join('/')}.ts`
    }
    const absent = image
      .filter(path => path.endsWith('.ts'))
      .flatMap(path => importsOf(readSource(path).text).map(one => ({ path, file: fileOf(path, one.specifier) })))
      .filter(({ file }) => file !== undefined && !inImage.has(file))
    expect(absent).toEqual([])
  })
})
