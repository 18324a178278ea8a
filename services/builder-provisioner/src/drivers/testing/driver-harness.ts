import { randomBytes } from 'node:crypto'
import { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import type { BuilderSpec, Driver, RunningBuilder } from '../driver.ts'

/** One driver on one machine, as a test file sets it up for the conformance suite. */
export interface DriverHarness {
  /** A new instance over the same folders, as after a crash of the process that had the last one. */
  openDriver(): Driver
  /** Everything on the machine that belongs to this harness, read from the system and not from the driver. */
  inventory(): Promise<readonly string[]>
  /** Whether the builder does what this driver's builders do: builds an image, or stands in the table. */
  serves(builder: RunningBuilder & { readonly id: BuilderId }): Promise<boolean>
  /** Ends the builder's main process from outside, as an administrator could. */
  kill(builderId: BuilderId): Promise<void>
  /** Makes the builder run out of its memory, so that the kernel ends it. */
  exhaustMemory(builderId: BuilderId): Promise<void>
  /** What the requirements for real builds need. Absent exactly where the driver says that it runs no BuildKit. */
  readonly buildkit?: BuildKitHarness
}

export interface BuildKitHarness {
  /** Paths. `probeEmulated` is the probe for linux/arm64. */
  readonly programs: { readonly buildctl: string; readonly probe: string; readonly probeEmulated: string }
  /** Folder with projects' kept state. */
  readonly cacheFolder: string
  /** `address:port` of listeners in place of the metadata service, the LAN and the host, which no builder may reach. */
  readonly unreachable: readonly string[]
  /** Lets this machine run programs of linux/arm64 until the result is disposed of. */
  emulate(): Promise<AsyncDisposable>
}

const base32 = (bytes: Buffer) => [...bytes].map(byte => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')
export const someBuilderId = (): BuilderId => BuilderId.parse(`b${base32(randomBytes(11))}`)
export const someProjectId = (): ProjectId => ProjectId.parse(`prj_${base32(randomBytes(16))}`)

export const mebibyte = 1024 * 1024

/** A small builder without a way out and for one use. The requirements that meet its bounds know them. */
export const someBuilderSpec = (more: Partial<BuilderSpec> = {}): BuilderSpec => ({
  builderId: someBuilderId(),
  platform: 'linux/amd64',
  egress: 'none',
  kind: { class: 'ephemeral' },
  limits: { cpus: 1, memoryBytes: 512 * mebibyte, pids: 200, diskBytes: 256 * mebibyte },
  endsAtMs: Date.now() + 120_000,
  ...more,
})
