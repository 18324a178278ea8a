import type { Settings } from '@forkproof/infra/config'
import { dockerDriver } from './docker/docker-driver.ts'
import type { Driver, DriverDeps, DriverOptions } from './driver.ts'
import { memoryDriver } from './memory/memory-driver.ts'
import { processDriver } from './process/process-driver.ts'

/** Every driver by its name: the one place to add one. Everything below follows from this table. */
export const driverTable = {
  process: processDriver,
  docker: dockerDriver,
  memory: memoryDriver,
} as const

type DriverName = keyof typeof driverTable
type Intersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never
type DriverSettings = Intersection<(typeof driverTable)[DriverName]['settings']>
type DriverConfig = Settings<DriverSettings>

export const driverNames = Object.keys(driverTable) as [DriverName, ...DriverName[]]
export const driverSettings: DriverSettings = Object.assign(
  {},
  ...Object.values(driverTable).map(({ settings }) => settings),
)

/** Why the driver refuses this configuration; undefined when it is fine. */
export const driverRefusal = (name: DriverName, config: DriverConfig): string | undefined =>
  driverTable[name].refusal?.(config)

export const createDriver = (
  name: DriverName,
  config: DriverConfig,
  options: DriverOptions,
  deps: DriverDeps,
): Driver => driverTable[name].create(config, options, deps)
