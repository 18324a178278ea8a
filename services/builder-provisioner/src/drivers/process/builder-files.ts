import { chmod, chown, link, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BuilderId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { ifVanished } from '../../host/absence.ts'

/** What a later process must know to end a builder and to see that nothing of it is left. */
const BuilderFilesSchema = z.strictObject({
  firstUser: z.int().positive(),
  /** The project's disk that it runs on, and the lock that says so. */
  kept: z.strictObject({ image: z.string(), lock: z.string() }).optional(),
})
export type BuilderFilesRecord = z.infer<typeof BuilderFilesSchema>

const socketName = 'buildkitd.sock'

/**
 * The folder of one builder. It is made before anything else of the builder and removed after everything else. Only
 * root can read it.
 */
export class BuilderFiles {
  readonly folder: string
  readonly root: string
  readonly etc: string
  readonly mounts: string
  readonly disk: string
  /** The one place outside its own disk where the builder may write, until it is sealed. */
  readonly socketFolder: string
  readonly socketPath: string
  readonly #record: string

  constructor(builders: string, builderId: BuilderId) {
    this.folder = join(builders, builderId)
    this.root = join(this.folder, 'root')
    this.etc = join(this.folder, 'etc')
    this.mounts = join(this.folder, 'mounts')
    this.disk = join(this.folder, 'disk.img')
    this.socketFolder = join(this.folder, 'socket')
    this.socketPath = join(this.folder, 'api')
    this.#record = join(this.folder, 'builder.json')
  }

  /** Ids of all that have a folder. */
  static async list(builders: string): Promise<readonly BuilderId[]> {
    const names = await readdir(builders).catch(ifVanished([]))
    return names.flatMap(name => BuilderId.safeParse(name).data ?? [])
  }

  /** @throws when it exists */
  async create(record: BuilderFilesRecord): Promise<void> {
    await mkdir(this.folder, { mode: 0o700 })
    await writeFile(`${this.#record}.new`, JSON.stringify(record), { mode: 0o600, flush: true })
    await rename(`${this.#record}.new`, this.#record)
    await Promise.all([this.root, this.etc, this.socketFolder].map(folder => mkdir(folder)))
    // Others may pass through: BuildKit changes its socket's mode a moment after the socket is there and taken.
    await chmod(this.socketFolder, 0o711)
    await chown(this.socketFolder, record.firstUser, record.firstUser)
  }

  /**
   * Undefined where there is none: then nothing else was made yet. A damaged record tells nothing, and the builder's
   * name has to do.
   */
  async read(): Promise<BuilderFilesRecord | undefined> {
    const text = await readFile(this.#record, 'utf8').catch(ifVanished(undefined))
    return text === undefined ? undefined : BuilderFilesSchema.safeParse(jsonOf(text)).data
  }

  /**
   * Takes the builder's socket, once it is there, under a name where only root can write. Then it closes the builder's
   * folder for the builder.
   * The builder could otherwise put a link to another socket of the machine in its place, which the TLS proxy would
   * follow, or fill the machine's disk.
   * False while there is no socket. @throws when something else is there
   */
  async takeSocket(): Promise<boolean> {
    try {
      // A hard link is to the very thing and follows nothing, so what is checked here is what will be connected to.
      await link(join(this.socketFolder, socketName), this.socketPath)
    } catch (error) {
      return ifVanished(false)(error)
    }
    if (!(await lstat(this.socketPath)).isSocket()) throw new Error('the builder made something else than a socket')
    await chown(this.socketFolder, 0, 0)
    return true
  }

  /** Paths below the folder, the folder itself first; at most `max`. */
  async present(max: number): Promise<readonly string[]> {
    try {
      await lstat(this.folder)
      const names = await readdir(this.folder, { recursive: true })
      return [this.folder, ...names.map(name => join(this.folder, name))].slice(0, max)
    } catch (error) {
      return ifVanished([])(error)
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
