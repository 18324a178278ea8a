import { parseArgs } from 'node:util'
import type { Platform } from '@forkproof/contracts/builder'
import { type Channel, RunStepChannel, RunStepChannelList } from '@forkproof/contracts/channels'
import { z } from 'zod'
import type { FinishResult } from '../building/build-client.ts'
import { channelsInOneStep } from '../claiming/client-channels.ts'
import { type CommandClient, platformsOf, recogniseClient } from '../clients/recognise-client.ts'
import { type BuildSettings, readBuildSettings } from '../environment/build-settings.ts'

/** What is said of a `--channels` that is not a list of such. */
export const channelsProblem = `--channels: a list of ${RunStepChannel.options.join(', ')}`

export interface CliBuildSettings extends BuildSettings {
  readonly channels: readonly Channel[]
}

type PrintFormat = 'json' | 'env' | 'buildx'

export type BuildingCommand =
  | { readonly kind: 'misuse'; readonly problems: readonly string[] }
  | {
      readonly kind: 'build'
      readonly settings: CliBuildSettings
      readonly client: CommandClient
      readonly command: readonly string[]
      /** Where `depot` finds its API. */
      readonly depotUrl: string
    }
  | {
      readonly kind: 'builder'
      readonly settings: CliBuildSettings
      readonly print: PrintFormat
      readonly buildx: readonly string[]
      readonly buildxConfig: string | undefined
      readonly foreground: boolean
      readonly folder: string | undefined
    }
  | { readonly kind: 'builder-end'; readonly folder: string | undefined; readonly result: FinishResult }
  | { readonly kind: 'builder-keep-alive'; readonly folder: string }

/** Values of variables that the Action sets for later steps, used where an option is missing. */
export interface ArgumentFallbacks {
  readonly issuer: string | undefined
  readonly project: string | undefined
  readonly depotUrl: string | undefined
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const shared = {
  issuer: text,
  audience: text,
  project: text,
  platform: { type: 'string', multiple: true },
  'job-id': text,
  channels: text,
  'timeout-seconds': text,
  'wait-seconds': text,
  'max-minutes': text,
} as const
const buildOptions = { ...shared, 'depot-url': text } as const
const builderOptions = {
  ...shared,
  print: text,
  buildx: text,
  'buildx-config': text,
  foreground: flag,
  folder: text,
  end: flag,
  result: text,
  'keep-alive': flag,
} as const
type SharedValues = ReturnType<typeof parseArgs<{ options: typeof shared }>>['values']
type BuilderValues = ReturnType<typeof parseArgs<{ options: typeof builderOptions }>>['values']

const names = {
  issuer: '--issuer',
  audience: '--audience',
  jobId: '--job-id',
  timeoutSeconds: '--timeout-seconds',
  project: '--project',
  platforms: '--platform',
  waitSeconds: '--wait-seconds',
  maxMinutes: '--max-minutes',
} as const

/** `forkproof build [options] -- command`. `argv` begins after the word `build`. */
export function parseBuild(argv: readonly string[], fallbacks: ArgumentFallbacks): BuildingCommand {
  const dashes = argv.indexOf('--')
  const command = dashes < 0 ? [] : argv.slice(dashes + 1)
  if (command.length === 0)
    return misuse('after the options comes the command: forkproof build … -- docker buildx build .')
  const client = recogniseClient(command)
  if ('problem' in client) return misuse(client.problem)
  return parsed(
    () => parseArgs({ args: argv.slice(0, dashes), options: buildOptions, strict: true }).values,
    values => {
      const read = readShared(values, fallbacks, platformsOf(command))
      if ('problems' in read) return { kind: 'misuse', problems: read.problems }
      const { settings } = read
      if (client.kind === 'buildctl' && settings.platforms.length > 1) {
        return misuse('--platform: buildctl builds on one builder; give one platform, or use buildx')
      }
      const depotUrl = values['depot-url'] || fallbacks.depotUrl || settings.issuer
      if (!URL.canParse(depotUrl)) return misuse('--depot-url: must be an address such as https://proof.example.org')
      return { kind: 'build', settings, client, command, depotUrl }
    },
  )
}

/** `forkproof builder [options]`. */
export function parseBuilder(argv: readonly string[], fallbacks: ArgumentFallbacks): BuildingCommand {
  return parsed(
    () => parseArgs({ args: [...argv], options: builderOptions, strict: true }).values,
    values => {
      if (values['keep-alive']) {
        return values.folder
          ? { kind: 'builder-keep-alive', folder: values.folder }
          : misuse('--keep-alive: needs --folder')
      }
      return values.end ? parseEnd(values) : parseLease(values, fallbacks)
    },
  )
}

function parseEnd(values: BuilderValues): BuildingCommand {
  const foreign = Object.keys(values).filter(name => !['end', 'folder', 'result'].includes(name))
  if (foreign.length > 0) return misuse(`--${foreign.join(', --')}: does not go with --end`)
  const result = z.enum(['success', 'error', 'canceled']).safeParse(values.result ?? 'success')
  if (!result.success) return misuse('--result: success, error or canceled')
  return { kind: 'builder-end', folder: values.folder, result: result.data }
}

function parseLease(values: BuilderValues, fallbacks: ArgumentFallbacks): BuildingCommand {
  const print = z
    .enum(['json', 'env', 'buildx'])
    .safeParse(values.print ?? (values['buildx-config'] === undefined ? 'env' : 'buildx'))
  const read = readShared(values, fallbacks, [])
  const problems = [
    ...('problems' in read ? read.problems : []),
    ...(print.success ? [] : ['--print: json, env or buildx']),
    ...(values.result === undefined ? [] : ['--result: goes with --end']),
  ]
  if (problems.length > 0 || 'problems' in read || !print.success) return { kind: 'misuse', problems }
  return {
    kind: 'builder',
    settings: read.settings,
    print: print.data,
    buildx: (values.buildx ?? 'docker buildx').split(' ').filter(word => word !== ''),
    buildxConfig: values['buildx-config'],
    foreground: values.foreground ?? false,
    folder: values.folder,
  }
}

type ReadSettings = { settings: CliBuildSettings } | { problems: string[] }

function readShared(values: SharedValues, fallbacks: ArgumentFallbacks, implied: readonly Platform[]): ReadSettings {
  const read = readBuildSettings(
    {
      issuer: values.issuer ?? fallbacks.issuer,
      audience: values.audience,
      jobId: values['job-id'],
      timeoutSeconds: values['timeout-seconds'],
      project: values.project ?? fallbacks.project,
      platforms: values.platform ?? [],
      waitSeconds: values['wait-seconds'],
      maxMinutes: values['max-minutes'],
    },
    names,
    implied,
  )
  const given = values.channels?.split(',') ?? channelsInOneStep
  const channels = RunStepChannelList.safeParse(given)
  const problem = channels.success ? [] : [channelsProblem]
  if ('problems' in read || !channels.success) {
    return { problems: [...('problems' in read ? read.problems : []), ...problem] }
  }
  return { settings: { ...read.settings, channels: channels.data } }
}

/** An unknown option and one without its value are reported in Node's own words. */
function parsed<Values>(parse: () => Values, use: (values: Values) => BuildingCommand): BuildingCommand {
  let values: Values
  try {
    values = parse()
  } catch (error) {
    return misuse(error instanceof Error ? error.message : 'the arguments are not understood')
  }
  return use(values)
}

const misuse = (problem: string): BuildingCommand => ({ kind: 'misuse', problems: [problem] })
