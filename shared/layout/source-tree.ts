import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const rootFolder = join(import.meta.dirname, '../..')

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Every file that git tracks or would track. */
export function projectFiles(): string[] {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: rootFolder,
    encoding: 'utf8',
  })
  return output.split('\n').filter(path => path !== '' && existsSync(join(rootFolder, path)))
}

export const readSource = (path: string): SourceFile => ({ path, text: readFileSync(join(rootFolder, path), 'utf8') })

export const typescriptFiles = (): SourceFile[] =>
  projectFiles()
    .filter(path => path.endsWith('.ts'))
    .map(readSource)

export const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.includes('/suites/') || path.includes('/testing/')

export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

/** Static and dynamic imports and re-exports. A text search: good enough for code that the formatter has laid out. */
export function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)
  const calls = text.matchAll(/\b(?:import|import\.meta\.resolve)\(\s*'([^']+)'\s*\)/g)
  return [
    ...Array.from(statements, match => ({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined })),
    ...Array.from(calls, match => ({ specifier: match[1] ?? '', typeOnly: false })),
  ]
}
