import { randomBytes } from 'node:crypto'
import type { BuilderSpec, Driver } from '@forkproof/builder-provisioner/drivers/driver'
import { BuilderId, ProjectId } from '@forkproof/contracts/ids'

/** One machine's worth of a driver, as a test file sets it up. */
export interface DriverHarness {
  /** A new instance over the same folders, as after a crash of the process that had the last one. */
  openDriver(): Driver
  /** The operating system's view of everything that belongs to this driver (machine-inventory.ts). */
  inventory(): Promise<readonly string[]>
  /** Folder with projects' kept state. */
  readonly cacheFolder: string
  /** `address:port` of listeners that stand in for the metadata service, the LAN and the host, in the network around the builders. */
  readonly standIns: readonly string[]
}

const base32 = (bytes: Buffer) => [...bytes].map(byte => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')
export const someBuilderId = (): BuilderId => BuilderId.parse(`b${base32(randomBytes(11))}`)
export const someProjectId = (): ProjectId => ProjectId.parse(`prj_${base32(randomBytes(16))}`)

export const mebibyte = 1024 * 1024

/** A small builder that reaches nothing and serves nobody again. The suites that meet its bounds know them. */
export const someSpec = (more: Partial<BuilderSpec> = {}): BuilderSpec => ({
  builderId: someBuilderId(),
  platform: 'linux/amd64',
  egress: 'none',
  kind: { class: 'ephemeral' },
  limits: { cpus: 1, memoryBytes: 512 * mebibyte, pids: 200, diskBytes: 256 * mebibyte },
  endsAtMs: Date.now() + 120_000,
  ...more,
})
