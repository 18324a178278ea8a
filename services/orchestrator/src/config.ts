import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { z } from 'zod'

const settings = defineSettings({
  temporalAddress: {
    env: 'FORKPROOF_TEMPORAL_ADDRESS',
    schema: z.string().min(1),
    default: '127.0.0.1:7233',
    description: 'host:port of the Temporal frontend',
  },
  temporalNamespace: {
    env: 'FORKPROOF_TEMPORAL_NAMESPACE',
    schema: z.string().min(1),
    default: 'default',
    description: 'Temporal namespace',
  },
  natsUrl: {
    env: 'FORKPROOF_NATS_URL',
    schema: z.string().min(1),
    default: 'nats://127.0.0.1:4222',
    description: 'address of the NATS server',
  },
  natsUser: {
    env: 'FORKPROOF_NATS_USER',
    schema: z.string().min(1),
    default: 'orchestrator',
    description: 'NATS user',
  },
  natsPassword: {
    env: 'FORKPROOF_NATS_PASSWORD',
    schema: z.string().min(16),
    secret: true,
    description: 'password of the NATS user, 16 characters or more',
  },
  rotationCheckMinutes: {
    env: 'FORKPROOF_ROTATION_CHECK_MINUTES',
    schema: z.coerce.number().int().min(1).max(1_440),
    default: 60,
    description: 'how often the key rotation schedule looks whether a step is due, in minutes',
  },
  logLevel: {
    env: 'FORKPROOF_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    description: 'least severe level that is logged',
  },
})

export const readConfig = (env: NodeJS.ProcessEnv) => loadSettings(settings, env)
export type Config = ReturnType<typeof readConfig>
