import { defineSettings } from '@forkproof/infra/config'
import { z } from 'zod'
import { absolutePath, wholeNumberBetween } from '../settings/setting-schemas.ts'
import { binfmtFolder } from './host-platforms.ts'

/** What several drivers read: the bounds of one builder, its project's disk, and what the machine emulates. */
export const sharedDriverSettings = defineSettings({
  builderCpus: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_CPUS',
    schema: z.coerce.number().min(0.1).max(1_024),
    default: 2,
    description: 'processors of one builder',
  },
  builderMemoryMegabytes: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_MEMORY_MB',
    schema: wholeNumberBetween(128, 16_777_216),
    default: 2_048,
    description: 'memory of one builder, in MiB',
  },
  builderPids: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_PIDS',
    schema: wholeNumberBetween(64, 4_194_304),
    default: 1_024,
    description: 'processes and threads of one builder',
  },
  builderDiskMegabytes: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_DISK_MB',
    schema: wholeNumberBetween(64, 16_777_216),
    default: 8_192,
    description: 'disk of one builder, in MiB; made sparse',
  },
  projectDiskMegabytes: {
    env: 'FORKPROOF_PROVISIONER_PROJECT_DISK_MB',
    schema: wholeNumberBetween(64, 16_777_216),
    default: 32_768,
    description: 'disk of a project’s cache, in MiB; made sparse',
  },
  binfmtFolder: {
    env: 'FORKPROOF_PROVISIONER_BINFMT_FOLDER',
    schema: absolutePath,
    default: binfmtFolder,
    description: 'where binfmt_misc is mounted, which says what this machine can emulate',
  },
})
