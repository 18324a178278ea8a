import { defineSettings } from '@forkproof/infra/config'
import { z } from 'zod'
import { absolutePath } from '../../settings/setting-schemas.ts'

export const dockerDriverSettings = defineSettings({
  dockerSocket: {
    env: 'FORKPROOF_PROVISIONER_DOCKER_SOCKET',
    schema: absolutePath,
    default: '/var/run/docker.sock',
    description: 'docker driver: the daemon’s unix socket',
  },
  dockerImage: {
    env: 'FORKPROOF_PROVISIONER_DOCKER_IMAGE',
    schema: z.string().min(1).max(300),
    default: 'moby/buildkit:v0.32.2-rootless',
    description: 'docker driver: image of BuildKit, best by digest; never pulled here',
  },
})
