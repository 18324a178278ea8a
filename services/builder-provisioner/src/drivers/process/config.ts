import { defineSettings } from '@forkproof/infra/config'
import { absolutePath, wholeNumberBetween } from '../../settings/setting-schemas.ts'

export const processDriverSettings = defineSettings({
  buildkitdPath: {
    env: 'FORKPROOF_PROVISIONER_BUILDKITD_PATH',
    schema: absolutePath,
    default: '/usr/local/bin/buildkitd',
    description: 'path of buildkitd',
  },
  runcPath: {
    env: 'FORKPROOF_PROVISIONER_RUNC_PATH',
    schema: absolutePath,
    default: '/usr/sbin/runc',
    description: 'path of runc',
  },
  cgroup: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_CGROUP',
    schema: absolutePath,
    default: '/forkproof',
    description: 'process driver: cgroup below which builders get theirs',
  },
  userFirst: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_USER_FIRST',
    schema: wholeNumberBetween(65_536, 4_000_000_000),
    // Above every range that systemd hands out (uid-gid of containers end at 0x6fffffff).
    default: 1_879_048_192,
    description: 'process driver: first user and group id that builders may have; used by nobody else on the machine',
  },
  userRanges: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_USER_RANGES',
    schema: wholeNumberBetween(1, 4_000),
    default: 1_000,
    description: 'process driver: how many builders and project caches have ids, 65536 each',
  },
})
