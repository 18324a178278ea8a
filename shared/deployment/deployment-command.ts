import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Issuer } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { deploymentFiles } from './deployment-files.ts'
import { drawBusPasswords } from './nats-config.ts'
import { makeServiceKeys } from './service-keys.ts'

const usage = `usage: npm run deployment -- --issuer https://oidc.example.dev [--folder deployment]

Draws keys and passwords and writes the files that docker-compose.yml mounts. Refuses to overwrite a folder that has them.
`

/** Exit codes: 0 written, 1 could not write, 2 wrong use. */
try {
  const { values } = parseArgs({
    options: { issuer: { type: 'string' }, folder: { type: 'string', default: 'deployment' } },
  })
  const issuer = Issuer.safeParse(values.issuer)
  if (!issuer.success) throw new TypeError(`--issuer: ${issuer.error.issues.map(issue => issue.message).join('; ')}`)
  await write(resolve(values.folder), issuer.data)
} catch (error) {
  const wrongUse = error instanceof TypeError
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUse ? `\n${usage}` : ''}`)
  process.exitCode = wrongUse ? 2 : 1
}

async function write(folder: string, issuer: Issuer): Promise<void> {
  const files = deploymentFiles({
    issuer,
    keys: makeServiceKeys(),
    passwords: drawBusPasswords(),
    operatorToken: new Secret(randomBytes(32).toString('base64url')),
  })
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    // wx: keys that are in use must never be replaced by a second call.
    await writeFile(file, content, { mode: 0o600, flag: 'wx' })
  }
  process.stdout.write(
    `wrote ${Object.keys(files).length} files to ${folder}\nPut GitHub credentials into ${join(folder, 'verifier/github-tokens')}.\n`,
  )
}
