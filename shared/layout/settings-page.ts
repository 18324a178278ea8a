import { settings as ofProvisioner } from '@forkproof/builder-provisioner/config'
import { settings as ofGateway, trustSettings } from '@forkproof/gateway/config'
import { settings as ofSimulator } from '@forkproof/github-simulator/config'
import { busSettings, logSettings, temporalSettings } from '@forkproof/infra/shared-settings'
import { settings as ofLocal } from '@forkproof/local/config'
import { settings as ofOrchestrator, provisionSettings } from '@forkproof/orchestrator/config'
import { settings as ofSigner } from '@forkproof/signer/config'
import { settings as ofVerifier } from '@forkproof/verifier/config'

interface ShownSetting {
  readonly env: string
  readonly description: string
  readonly default?: unknown
  readonly secret?: true
  readonly optional?: true
}
type Readers = Readonly<Record<string, Readonly<Record<string, ShownSetting>>>>

const readers: Readers = {
  gateway: ofGateway,
  orchestrator: ofOrchestrator,
  verifier: ofVerifier,
  signer: ofSigner,
  'builder-provisioner': ofProvisioner,
  'npm run provision': provisionSettings,
  'npm run trust': trustSettings,
  'npm start and the tests': ofLocal,
  'github-simulator': ofSimulator,
}
/** Told once, in a table of their own. */
const ofMany = new Set(
  [temporalSettings, busSettings(''), logSettings].flatMap(group => Object.values(group)).map(({ env }) => env),
)

/** The page of settings, made from what the services read. */
export function settingsPage(): string {
  const own = Object.entries(readers).map(([reader, settings]) => {
    const rows = Object.values(settings).filter(({ env }) => !ofMany.has(env))
    return `## ${reader[0]?.toUpperCase()}${reader.slice(1)}\n\n${tableOf(rows, false)}`
  })
  return [introduction, `## Several services\n\n${tableOf(sharedRows(readers), true)}`, ...own]
    .join('\n\n')
    .concat('\n')
}

interface SharedSetting extends ShownSetting {
  readonly readBy: readonly string[]
}

/** One row for each name. A default that differs from service to service is the name of the service. */
function sharedRows(all: Readers): SharedSetting[] {
  const byName = Map.groupBy(
    Object.entries(all).flatMap(([reader, settings]) => Object.values(settings).map(setting => ({ reader, setting }))),
    ({ setting }) => setting.env,
  )
  return [...ofMany].map(env => {
    const uses = byName.get(env) ?? []
    const [first] = uses
    if (!first) throw new Error(`no service reads ${env}`)
    const defaults = new Set(uses.map(({ setting }) => setting.default))
    return {
      ...first.setting,
      ...(defaults.size > 1 && { default: 'the service’s name' }),
      readBy: uses.map(({ reader }) => reader),
    }
  })
}

function tableOf(settings: readonly (ShownSetting & { readonly readBy?: readonly string[] })[], withReaders: boolean) {
  const head = ['setting', ...(withReaders ? ['read by'] : []), 'default', 'meaning']
  const rows = settings.map(setting => [
    `\`${setting.env}\`${setting.secret ? ' (secret)' : ''}`,
    ...(withReaders ? [setting.readBy?.join(', ') ?? ''] : []),
    defaultOf(setting),
    setting.description.replaceAll('|', '\\|'),
  ])
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function defaultOf({ default: value, optional }: ShownSetting): string {
  if (value === undefined) return optional ? '–' : 'required'
  if (value === '') return 'empty'
  return value === 'the service’s name' ? value : `\`${value}\``
}

const introduction = `# Settings

<!-- Made by \`npm run docs\` from the config.ts of each service. Change the code, not this page. -->

Every setting is an environment variable. A service reads all of them once at its start and reports every problem at once (exit code 2).
A secret can also be given as a file: \`<NAME>_FILE=/path\`. An empty variable counts as absent.`
