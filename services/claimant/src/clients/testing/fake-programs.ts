import { chmod, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

const script = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { env } from 'node:process'
const [folder, program, ...args] = process.argv.slice(2)
const picked = Object.entries(env).filter(([name]) => /^(FORKPROOF|DEPOT|BUILDX|BUILDKIT|ACTIONS)_/.test(name))
const record = entry => appendFileSync(folder + '/record', JSON.stringify({ program, args, ...entry }) + '\\n')
const files = args.concat(picked.map(([, value]) => value)).filter(text => text.endsWith('key.pem') && existsSync(text))
if (args.includes('hang')) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      record({ signal })
      process.exit(130)
    })
  }
  setInterval(() => undefined, 1_000)
}
record({ env: Object.fromEntries(picked), keys: files.map(file => readFileSync(file, 'utf8').split('\\n')[0]) })
process.stdout.write(program + ' printed\\n')
if (!args.includes('hang')) {
  const failing = existsSync(folder + '/fail') && args.join(' ').includes(readFileSync(folder + '/fail', 'utf8'))
  if (failing) process.stderr.write('ERROR: no\\n::add-path::/evil\\n')
  process.exitCode = failing ? 1 : Number(args.find(arg => arg.startsWith('exit='))?.slice(5) ?? 0)
}
`

const ProgramCall = z.object({
  program: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
  keys: z.array(z.string()).optional(),
  signal: z.string().optional(),
})
type ProgramCall = z.infer<typeof ProgramCall>

/** Places programs in `folder` that record their calls. The argument `hang` waits for a signal, `exit=N` fails. */
export async function placeFakePrograms(folder: string, names: readonly string[]): Promise<void> {
  await writeFile(path.join(folder, 'fake-program.mjs'), script)
  for (const name of names) {
    const file = path.join(folder, name)
    await writeFile(
      file,
      `#!/bin/sh\nexec "${process.execPath}" "${folder}/fake-program.mjs" "${folder}" ${name} "$@"\n`,
    )
    await chmod(file, 0o755)
  }
}

/** Makes calls fail whose arguments hold `text`. */
export const failProgramsOn = (folder: string, text: string): Promise<void> =>
  writeFile(path.join(folder, 'fail'), text)

export async function programCalls(folder: string): Promise<ProgramCall[]> {
  const text = await readFile(path.join(folder, 'record'), 'utf8').catch(() => '')
  const lines = text.split('\n').filter(line => line !== '')
  return lines.map(line => ProgramCall.parse(JSON.parse(line)))
}
