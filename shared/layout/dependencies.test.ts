import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf, isTest, projectFiles, readSource, type SourceFile, typescriptFiles } from './source-tree.ts'

interface Workspace {
  readonly folder: string
  readonly name: string
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
  readonly files: readonly SourceFile[]
}

const all = typescriptFiles()
const workspaces: Workspace[] = projectFiles()
  .filter(path => path.endsWith('/package.json') && path.split('/').length <= 3)
  .map(path => {
    const { name, dependencies = {}, devDependencies = {} } = JSON.parse(readSource(path).text)
    const folder = dirname(path)
    // Tests of rules hold imports that are examples.
    const files = all.filter(
      file =>
        file.path.startsWith(`${folder}/`) &&
        !/layout\/(rules|import-cycles|unneeded-exports)\.test\.ts$/.test(file.path),
    )
    return {
      folder,
      name,
      dependencies: Object.keys(dependencies),
      devDependencies: Object.keys(devDependencies),
      files,
    }
  })

/** Every workspace may use the test runner and the property tester of the root. */
const ofRoot = new Set(['vitest', 'fast-check'])
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
const packagesUsed = (files: readonly SourceFile[], self: string) => {
  const outside = files
    .flatMap(file => importsOf(file.text))
    .filter(one => !one.specifier.startsWith('.') && !isBuiltin(one.specifier))
  return [...new Set(outside.map(one => packageOf(one.specifier)))].filter(name => name !== self && !ofRoot.has(name))
}
const neverDeployed = new Set(['@forkproof/local', '@forkproof/e2e', '@forkproof/bench', '@forkproof/layout'])
/** What only suites, tests, benchmarks and build scripts use is a development dependency. */
const isDevelopment = (path: string) => isTest(path) || /(^|\/)(bench|testing|bundle|fake-[a-z-]+)/.test(path)

describe('the dependencies of each workspace', () => {
  it.each(workspaces)('$name declares every package it uses', ({ name, dependencies, devDependencies, files }) => {
    const development = packagesUsed(files, name).filter(used => ![...dependencies, ...devDependencies].includes(used))
    const production = packagesUsed(
      files.filter(file => !isDevelopment(file.path)),
      name,
    ).filter(used => !dependencies.includes(used))
    // These are never deployed, so which kind of dependency they declare is of no account.
    expect(neverDeployed.has(name) ? development : [...new Set([...development, ...production])]).toEqual([])
  })

  it.each(workspaces)('$name uses every package it declares', ({ dependencies, devDependencies, files }) => {
    const text = files.map(file => file.text).join('\n')
    expect([...dependencies, ...devDependencies].filter(declared => !text.includes(declared))).toEqual([])
  })
})
