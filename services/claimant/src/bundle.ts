import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

export const defaultOutDir = fileURLToPath(new URL('../dist/', import.meta.url))
const defaultSetupDir = fileURLToPath(new URL('../setup/dist/', import.meta.url))

interface BundledFile {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
}

const shared = {
  // File names in comments and in the chunks' hashes are relative to this, so every machine makes the same bundle.
  absWorkingDir: fileURLToPath(new URL('../../../', import.meta.url)),
  bundle: true,
  platform: 'node',
  format: 'esm',
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'error',
  write: false,
  // Some packages of `@actions/artifact` are CommonJS and expect its names, which an ES module lacks.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'\nconst require = makeRequire(import.meta.url)",
  },
  define: { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' },
} satisfies BuildOptions

/**
 * Makes the Action's `main.js` and `post.js`, the CLI's `cli.js` and the setup action's `setup.js`, each with
 * everything it needs.
 * The JavaScript stays readable, because people review an Action that is published.
 * Each file is replaced as a whole, so a build does not disturb an Action that runs from the same folder.
 */
export async function bundleClaimant({
  outDir = defaultOutDir,
  setupDir = outDir === defaultOutDir ? defaultSetupDir : path.join(outDir, 'setup'),
}: {
  outDir?: string
  setupDir?: string
} = {}): Promise<BundledFile[]> {
  const action = await build({
    ...shared,
    outdir: outDir,
    entryPoints: { main: sourceFile('action/main.ts'), post: sourceFile('action/post.ts') },
    // The artifact client is most of the code. In a chunk of its own it loads while the claim is on its way.
    splitting: true,
    chunkNames: 'chunk-[hash]',
    target: 'node24',
  })
  const cli = await build({
    ...shared,
    outfile: path.join(outDir, 'cli.js'),
    entryPoints: [sourceFile('cli/main.ts')],
    // The oldest Node that a runner's image may have.
    target: 'node20.11',
  })
  const setup = await build({
    ...shared,
    outfile: path.join(setupDir, 'setup.js'),
    entryPoints: [sourceFile('setup/main.ts')],
    target: 'node24',
  })
  await mkdir(outDir, { recursive: true })
  await mkdir(setupDir, { recursive: true })
  await replaceFile(path.join(setupDir, 'package.json'), '{ "type": "module" }\n')
  // Makes the files ES modules also where the folder is copied elsewhere.
  await replaceFile(path.join(outDir, 'package.json'), '{ "type": "module" }\n')
  const files: BundledFile[] = []
  for (const file of [...action.outputFiles, ...cli.outputFiles, ...setup.outputFiles].toSorted(chunksFirst)) {
    await replaceFile(file.path, file.contents)
    files.push({ path: file.path, bytes: file.contents.byteLength })
  }
  return files
}

const sourceFile = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Chunks come first, so that an entry file never names one that is missing. */
const chunksFirst = (a: { path: string }, b: { path: string }) =>
  Number(path.basename(b.path).startsWith('chunk-')) - Number(path.basename(a.path).startsWith('chunk-'))

async function replaceFile(file: string, contents: string | Uint8Array): Promise<void> {
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, contents)
  await rename(fresh, file)
}
