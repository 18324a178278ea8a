import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BuilderId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { ifAbsent } from '../../host/absence.ts'

/** What must be known to find a builder's traces when Docker does not answer. Grows while the builder is made. */
const Trace = z.object({
  containerId: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /**
   * First process of the container, as the machine counts processes. The start time tells it from a later process with
   * the same pid.
   */
  init: z.object({ pid: z.number().int().positive(), startTicks: z.string() }).optional(),
  /** Cgroup folders, layers and other files that Docker made for it. */
  paths: z.array(z.string()),
  /** Docker's name for the network namespace: an empty file that libnetwork leaves for a minute. */
  namespaceFile: z.string().optional(),
  /** Lock of the project's kept state, when the builder holds it. */
  lock: z.string().optional(),
  network: z.boolean(),
})
export type BuilderTrace = z.infer<typeof Trace>
export const emptyTrace: BuilderTrace = { paths: [], network: false }

/**
 * The folder of one builder. It is made before anything else of the builder and removed after everything else, so that
 * no builder is ever forgotten.
 */
export class BuilderFolder {
  readonly path: string
  readonly image: string
  /** Where the disk image is mounted until the container holds it. */
  readonly mountPoint: string
  readonly socketFolder: string
  readonly config: string
  readonly #record: string

  constructor(folders: string, builderId: BuilderId) {
    this.path = join(folders, builderId)
    this.image = join(this.path, 'disk.img')
    this.mountPoint = join(this.path, 'state')
    this.socketFolder = join(this.path, 'socket')
    this.config = join(this.path, 'buildkitd.toml')
    this.#record = join(this.path, 'trace.json')
  }

  static async list(folders: string): Promise<BuilderId[]> {
    const names = await readdir(folders).catch(ifAbsent([]))
    return names.flatMap(name => BuilderId.safeParse(name).data ?? [])
  }

  /** @throws when the builder has one already */
  async create(toml: string, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
    await mkdir(join(this.path, '..'), { recursive: true, mode: 0o711 })
    // Docker reaches the sources of bind mounts by root's right; other users of the machine do not.
    await mkdir(this.path, { mode: 0o711 })
    await this.write(emptyTrace)
    await mkdir(this.mountPoint, { mode: 0o700 })
    await writeFile(this.config, toml, { mode: 0o644 })
    await mkdir(this.socketFolder, { mode: 0o700 })
    await chown(this.socketFolder, owner.uid, owner.gid)
  }

  /**
   * From now on the builder can put nothing beside its socket. A link to another socket of the machine would otherwise
   * be followed by the TLS proxy, and files would pass the disk's bound.
   */
  async sealSocketFolder(): Promise<void> {
    await chown(this.socketFolder, 0, 0)
    await chmod(this.socketFolder, 0o711)
  }

  async read(): Promise<BuilderTrace | undefined> {
    const text = await readFile(this.#record, 'utf8').catch(ifAbsent(undefined))
    if (text === undefined) return undefined
    // Never half written: the rename below is atomic. A record that cannot be read is treated as that of a builder that
    // never got anything.
    return Trace.safeParse(jsonOf(text)).data ?? emptyTrace
  }

  async write(trace: BuilderTrace): Promise<void> {
    const draft = `${this.#record}.new`
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify(trace))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, this.#record)
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
