import { z } from 'zod'
import { defineSettings } from './config.ts'

/** Settings that several services read under the same name. A service spreads in those it needs. */
export const temporalSettings = defineSettings({
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
})

export const busSettings = (user: string) =>
  defineSettings({
    natsUrl: {
      env: 'FORKPROOF_NATS_URL',
      schema: z.string().min(1),
      default: 'nats://127.0.0.1:4222',
      description: 'address of the NATS server',
    },
    natsUser: {
      env: 'FORKPROOF_NATS_USER',
      schema: z.string().min(1),
      default: user,
      description: 'user at the NATS server',
    },
    natsPassword: {
      env: 'FORKPROOF_NATS_PASSWORD',
      schema: z.string().min(16),
      secret: true,
      description: 'password of the NATS user, 16 characters or more',
    },
  })

/**
 * Of the gateway, which turns others away before they cost anything, and of the verifier, which believes no gateway.
 */
export const githubServeSettings = defineSettings({
  githubServe: {
    env: 'FORKPROOF_GITHUB_SERVE',
    schema: z.enum(['all', 'relationships']),
    default: 'all',
    description:
      'whose claims are served: "all" public repositories, or only those that "relationships" of a project name; the same for gateway and verifier',
  },
})

export const logSettings = defineSettings({
  logLevel: {
    env: 'FORKPROOF_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    description: 'least severe level that is logged',
  },
})
