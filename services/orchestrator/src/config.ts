import { defaultNode } from '@forkproof/contracts/bus'
import { NodeId } from '@forkproof/contracts/ids'
import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { busSettings, logSettings, temporalSettings } from '@forkproof/infra/shared-settings'
import { z } from 'zod'

export const settings = defineSettings({
  ...temporalSettings,
  ...busSettings('orchestrator'),
  ...logSettings,
  rotationCheckMinutes: {
    env: 'FORKPROOF_ROTATION_CHECK_MINUTES',
    schema: z.coerce.number().int().min(1).max(1_440),
    default: 60,
    description: 'how often the key rotation schedule looks whether a step is due, in minutes',
  },
})

export const readConfig = (env: NodeJS.ProcessEnv) => loadSettings(settings, env)
export type Config = ReturnType<typeof readConfig>

export const provisionSettings = defineSettings({
  ...busSettings('admin'),
  nodes: {
    env: 'FORKPROOF_NODES',
    schema: z
      .string()
      .transform(text => text.split(',').map(part => part.trim()))
      .pipe(z.array(NodeId).min(1).max(1_000)),
    default: defaultNode,
    description: 'comma list of the machines that run builders, by their node ids',
  },
})

/** What `npm run provision` needs. @throws ConfigError */
export const readProvisionConfig = (env: NodeJS.ProcessEnv) => loadSettings(provisionSettings, env)
