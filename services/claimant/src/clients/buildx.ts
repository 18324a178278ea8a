import { mkdir } from 'node:fs/promises'
import type { LeasedBuilder } from '../building/builder-files.ts'
import { ClaimFailure, harmlessText } from '../claiming/claim-failure.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import { runQuietly } from './run-quietly.ts'

const buildxBuilder = 'forkproof'

/** Checked before a builder is leased. @throws ClaimFailure `cannot` when buildx does not work */
export async function checkBuildx(buildx: readonly string[], env: EnvironmentVariables): Promise<void> {
  const { ok } = await runQuietly([...buildx, 'version'], env)
  if (!ok) throw unusable(`\`${buildx.join(' ')} version\` fails.`)
}

/**
 * Makes a buildx builder of driver `remote` with one node per platform, without contacting it.
 * It has a configuration of its own, so the user's builders and their choice stay as they are.
 * @param configFolder becomes BUILDX_CONFIG
 * @returns the variables that make buildx use it
 * @throws ClaimFailure
 */
export async function createBuildxBuilder(
  buildx: readonly string[],
  builders: readonly LeasedBuilder[],
  configFolder: string,
  env: EnvironmentVariables,
): Promise<Record<string, string>> {
  await mkdir(configFolder, { recursive: true, mode: 0o700 })
  const taken = new Set<string>()
  const variables = { BUILDX_CONFIG: configFolder, BUILDX_BUILDER: buildxBuilder }
  for (const [index, builder] of builders.entries()) {
    // BUILDX_BUILDER would name a builder that does not exist yet.
    const command = [...buildx, ...createArguments(builder, distinct(builder.endpoint, taken), index > 0)]
    const { ok, output } = await runQuietly(command, { ...env, BUILDX_CONFIG: configFolder, BUILDX_BUILDER: undefined })
    if (!ok) throw unusable(`\`${buildx.join(' ')} create\` fails: ${harmlessText(output)}`)
  }
  return variables
}

function createArguments(builder: LeasedBuilder, endpoint: string, append: boolean): string[] {
  const options = [
    `cacert=${builder.caFile}`,
    `cert=${builder.certificateFile}`,
    `key=${builder.keyFile}`,
    `servername=${builder.serverName}`,
  ]
  return [
    'create',
    ...(append ? ['--append'] : []),
    ...['--name', buildxBuilder],
    ...['--node', `${buildxBuilder}-${builder.platform.replace('linux/', '')}`],
    ...['--driver', 'remote'],
    ...['--driver-opt', options.map(csvField).join(',')],
    ...['--platform', builder.platform],
    endpoint,
  ]
}

/**
 * buildx refuses two nodes at one address, but ours differ only by the server name at one TLS proxy.
 * A port with zeros before it is the same port in another spelling.
 */
function distinct(endpoint: string, taken: Set<string>): string {
  let spelling = endpoint
  while (taken.has(spelling)) spelling = spelling.replace(/:(?=[0-9]+$)/, ':0')
  taken.add(spelling)
  return spelling
}

/** buildx reads the options as one line of CSV (RFC 4180). */
const csvField = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const unusable = (detail: string) =>
  new ClaimFailure('cannot', 'buildx_unusable', {
    title: 'buildx cannot be used here',
    detail,
    advice: 'Install Docker’s buildx (0.20 or newer; docker/setup-buildx-action does), or build with buildctl.',
  })
