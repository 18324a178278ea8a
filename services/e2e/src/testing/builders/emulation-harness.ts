import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterFile } from '../after-file.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const interpreter = '/usr/bin/qemu-aarch64-static'
const endMsMax = 10_000
/**
 * As QEMU registers itself: 64-bit little-endian programs for AArch64, of types EXEC and DYN, whatever system they
 * name.
 */
const magic = `\\x7fELF\\x02\\x01\\x01${'\\x00'.repeat(9)}\\x02\\x00\\xb7\\x00`
const mask = `${'\\xff'.repeat(7)}\\x00${'\\xff'.repeat(8)}\\xfe${'\\xff'.repeat(3)}`

/**
 * Mounts the kernel's table where only this process and its children see it. Takes its own entry out again when its
 * input ends, which the kernel ensures however the test dies.
 * The table itself is the machine's: other suites' builders could run such programs meanwhile.
 */
const script = `
set -e
mount -t binfmt_misc none "$1"
printf '%s' ":$2:M::$3:$4:$5:OCF" >"$1/register"
echo registered
read -r _ || true
echo -1 >"$1/$2"
`

/** Lets this machine run programs of linux/arm64 for a while, seen by those whose setting names `folder`. */
export class EmulationHarness {
  /** Where binfmt_misc is mounted while it is switched on; absent otherwise. */
  readonly folder: string
  readonly #mountPoint: string
  #holder: ChildProcess | undefined

  private constructor(below: string) {
    this.#mountPoint = join(below, 'table')
    this.folder = join(below, 'binfmt')
  }

  static async prepare(): Promise<EmulationHarness> {
    await access(interpreter).catch(cause => {
      throw new Error(`builds for two platforms are tested with ${interpreter}: apt-get install qemu-user-static`, {
        cause,
      })
    })
    const emulation = new EmulationHarness(await temporaryFolder())
    await mkdir(emulation.#mountPoint)
    afterFile(() => emulation.switchOff())
    return emulation
  }

  /** @throws where binfmt_misc cannot be mounted */
  async switchOn(): Promise<void> {
    const name = `forkproof-emulated-${process.pid}`
    const words = [this.#mountPoint, name, magic, mask, interpreter]
    // What others unmount meanwhile is not kept mounted here.
    const shell = ['--mount', '--propagation', 'slave', 'sh', '-c', script, 'sh', ...words]
    const holder = spawn('unshare', shell, { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const began = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'exit').then(() => false),
    ])
    if (!began) throw new Error(`nothing can be emulated here: root and a kernel with binfmt_misc are needed: ${said}`)
    this.#holder = holder
    await symlink(join('/proc', String(holder.pid), 'root', this.#mountPoint), this.folder)
  }

  async switchOff(): Promise<void> {
    const holder = this.#holder
    this.#holder = undefined
    if (!holder) return
    await rm(this.folder)
    const exited = once(holder, 'exit', { signal: AbortSignal.timeout(endMsMax) })
    holder.stdin?.end()
    const [code] = await exited
    if (code !== 0) throw new Error(`the emulation could not be switched off (${code})`)
  }
}
