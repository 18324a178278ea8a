import { defineSettings, loadSettings, type Settings } from '@forkproof/infra/config'
import { z } from 'zod'

const credential = z.string().regex(/^[^=,\s]+=[^,\s]+$/)
/** `name=value,name=value`. */
const pairs = z.string().transform((text, context) => {
  const entries = text === '' ? [] : text.split(',')
  if (entries.every(entry => credential.safeParse(entry).success)) {
    return entries.map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const)
  }
  context.addIssue('must be name=value pairs with commas between')
  return z.NEVER
})

export const settings = defineSettings({
  port: {
    env: 'FORKPROOF_SIMULATOR_PORT',
    schema: z.coerce.number().int().min(0).max(65_535),
    default: 8090,
    description: 'port on 127.0.0.1; 0 takes a free one and says which',
  },
  session: {
    env: 'FORKPROOF_SIMULATOR_SESSION',
    schema: z.string().min(8).max(1_000),
    secret: true,
    default: 'simulated-session',
    description: 'value of the cookie user_session that the live log pages want',
  },
  tokens: {
    env: 'FORKPROOF_SIMULATOR_TOKENS',
    schema: pairs,
    secret: true,
    default: '',
    description: 'tokens that the REST API knows from the start, as name=token,name=token',
  },
  actions: {
    env: 'FORKPROOF_SIMULATOR_ACTIONS',
    schema: pairs,
    default: '',
    description: 'where published actions are on this machine, as owner/name@ref=directory,…',
  },
  workDirectory: {
    env: 'FORKPROOF_SIMULATOR_WORK_DIRECTORY',
    schema: z.string().min(1),
    optional: true,
    description: 'jobs get their directories below it; a fresh temporary one if not set',
  },
  stepPath: {
    env: 'FORKPROOF_SIMULATOR_STEP_PATH',
    schema: z.string().min(1),
    optional: true,
    description: 'PATH of the steps; that of a plain Linux system if not set',
  },
  jobsMax: {
    env: 'FORKPROOF_SIMULATOR_JOBS_MAX',
    schema: z.coerce.number().int().min(1).max(256),
    default: 40,
    description: 'jobs that are executed at the same time',
  },
  logLevel: {
    env: 'FORKPROOF_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    description: 'least important kind of log line that is printed',
  },
})

export type SimulatorConfig = Settings<typeof settings>

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv): SimulatorConfig {
  return loadSettings(settings, env)
}
