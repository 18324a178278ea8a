import { execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const commandMsMax = 60_000

/**
 * An image with what a builder's container needs, made of programs of this machine and handed to Docker as a tar:
 * nothing is pulled. Its shell is Bash, because Debian's dash cannot wait for a line with a time limit. The official
 * image has busybox.
 */
export async function importBuilderImage(
  socketPath: string,
  programs: { readonly buildkitd: string; readonly runc: string },
  reference: string,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'forkproof-image-'))
  try {
    const files = {
      '/bin/sh': '/bin/bash',
      '/usr/bin/mkfifo': '/usr/bin/mkfifo',
      '/usr/bin/buildkitd': programs.buildkitd,
    }
    const all = { ...files, '/usr/bin/runc': programs.runc }
    for (const [inside, outside] of Object.entries(all)) {
      await put(root, inside, outside)
      for (const library of await librariesOf(outside)) await put(root, library, library)
    }
    for (const folder of ['tmp', 'run', 'proc', 'sys', 'dev', 'etc'])
      await mkdir(join(root, folder), { recursive: true })
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/tmp:/bin/sh\n')
    await writeFile(join(root, 'etc/group'), 'root:x:0:\n')
    await importTar(socketPath, root, reference)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function put(root: string, inside: string, outside: string): Promise<void> {
  await mkdir(join(root, dirname(inside)), { recursive: true })
  await copyFile(outside, join(root, inside))
}

/** Empty for a static program. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const listing = await run('ldd', [program], { timeout: commandMsMax }).then(
    ({ stdout }) => stdout,
    () => '',
  )
  return [...listing.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path ?? '')
}

async function importTar(socketPath: string, root: string, reference: string): Promise<void> {
  const [repository = '', tag = 'latest'] = reference.split(':')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const call = request({
    socketPath,
    method: 'POST',
    path: `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`,
    headers: { host: 'docker', 'content-type': 'application/x-tar' },
    signal: AbortSignal.timeout(commandMsMax),
  })
  call.on('error', reject)
  call.on('response', response => {
    response.setEncoding('utf8')
    let text = ''
    response.on('data', (chunk: string) => {
      text += chunk
    })
    response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`import: ${text}`))))
  })
  tar.on('error', reject)
  tar.stdout.pipe(call)
  await promise
}
