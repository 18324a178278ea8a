import { posix } from 'node:path'

/** Packages whose folder does not follow from their name; every other one is a service. */
const folders: Readonly<Record<string, string>> = {
  '@forkproof/contracts': 'shared/contracts',
  '@forkproof/infra': 'shared/infra',
  '@forkproof/deployment': 'shared/deployment',
  '@forkproof/layout': 'shared/layout',
  '@forkproof/workflows': 'workflows',
}

/** The file of this project that an import names, from the root; `undefined` for other packages and for Node. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  const [scope, name, ...rest] = specifier.split('/')
  if (scope !== '@forkproof') return undefined
  const folder = folders[`${scope}/${name}`] ?? `services/${name}/src`
  const path = [folder, ...rest].join('/')
  return posix.extname(path) === '' ? `${path}.ts` : path
}
