import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const program = (packageName: string, path: string) =>
  join(dirname(fileURLToPath(import.meta.resolve(`${packageName}/package.json`))), path)
const buf = program('@bufbuild/buf', 'bin/buf')
const plugin = program('@bufbuild/protoc-gen-es', 'bin/protoc-gen-es')

/** The descriptor is in the generated text; the rest of it follows from that. */
const descriptorIn = (text: string): string | undefined => /fileDesc\(\s*['"]([A-Za-z0-9+/=]+)['"]/.exec(text)?.[1]

const repository = join(import.meta.dirname, '../..')

it.each([
  ['services/gateway', 'depot/cli/v1/build_pb.ts', 'src/depot/generated-messages.ts'],
  ['services/builder-provisioner', 'buildkit_pb.ts', 'src/readiness/generated-messages.ts'],
])('the generated messages of %s are those of its proto file (npm run generate there)', (service, made, kept) => {
  const folder = mkdtempSync(join(tmpdir(), 'generated-'))
  try {
    const template = JSON.stringify({
      version: 'v2',
      plugins: [{ local: [process.execPath, plugin], out: 'out', opt: ['target=ts', 'import_extension=ts'] }],
    })
    const proto = join(repository, service, 'proto')
    execFileSync(process.execPath, [buf, 'generate', proto, '--template', template, '-o', folder], { stdio: 'pipe' })
    const fresh = descriptorIn(readFileSync(join(folder, 'out', made), 'utf8'))
    expect(fresh).toBeDefined()
    expect(descriptorIn(readFileSync(join(repository, service, kept), 'utf8'))).toBe(fresh)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
