import { parseArgs } from 'node:util'
import { type Channel, RunStepChannelList } from '@forkproof/contracts/channels'
import { channelsInOneStep, channelsInTwoSteps } from '../claiming/client-channels.ts'
import { type ClaimSettings, readSettings } from '../environment/claim-settings.ts'
import {
  type ArgumentFallbacks,
  type BuildingCommand,
  channelsProblem,
  parseBuild,
  parseBuilder,
} from './build-arguments.ts'
import { type DoctorCommand, parseDoctor } from './doctor-arguments.ts'

export type TokenOutput = { readonly file: string | undefined; readonly json: boolean }

export type CliCommand =
  | { readonly kind: 'help' | 'version' | 'step-name' }
  | BuildingCommand
  | DoctorCommand
  | { readonly kind: 'misuse'; readonly problems: readonly string[] }
  | {
      readonly kind: 'token'
      readonly settings: ClaimSettings
      readonly channels: readonly Channel[]
      readonly output: TokenOutput
    }
  | {
      readonly kind: 'begin'
      readonly settings: ClaimSettings
      readonly channels: readonly Channel[]
      readonly stateFile: string | undefined
    }
  | {
      readonly kind: 'finish'
      readonly timeoutMs: number
      readonly stateFile: string | undefined
      readonly output: TokenOutput
    }

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  issuer: text,
  audience: text,
  output: text,
  json: flag,
  'job-id': text,
  channels: text,
  'timeout-seconds': text,
  begin: flag,
  finish: flag,
  'state-file': text,
  'step-name': flag,
  help: { type: 'boolean', short: 'h' },
  version: flag,
} as const
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

const names = {
  issuer: '--issuer',
  audience: '--audience',
  jobId: '--job-id',
  timeoutSeconds: '--timeout-seconds',
} as const

const noFallbacks: ArgumentFallbacks = { issuer: undefined, project: undefined, depotUrl: undefined }

/** Reads the arguments without side effects. `argv` has neither the interpreter nor the script. */
export function parseCliArguments(argv: readonly string[], fallbacks: ArgumentFallbacks = noFallbacks): CliCommand {
  const [word, ...rest] = argv
  if (word === 'build' || word === 'builder') {
    const own = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length)
    if (own.includes('--help') || own.includes('-h')) return { kind: 'help' }
    return word === 'build' ? parseBuild(rest, fallbacks) : parseBuilder(rest, fallbacks)
  }
  if (word === 'doctor') {
    return rest.includes('--help') || rest.includes('-h') ? { kind: 'help' } : parseDoctor(rest)
  }
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    return misuse(error instanceof Error ? error.message : 'the arguments are not understood')
  }
  const { values, positionals } = parsed
  if (values.version) return { kind: 'version' }
  if (values.help) return { kind: 'help' }
  if (positionals.length !== 1 || positionals[0] !== 'token')
    return misuse('the command is: token, build, builder or doctor')
  if (values['step-name']) return { kind: 'step-name' }
  if (values.begin && values.finish) return misuse('--begin and --finish exclude each other')
  if (values.finish) return finish(values)
  return beginOrToken(values)
}

function beginOrToken(values: Values): CliCommand {
  if (!values.begin && values['state-file'] !== undefined) return misuse('--state-file goes with --begin or --finish')
  if (values.begin && (values.json || values.output !== undefined))
    return misuse('--json and --output go with --finish')
  const raw = {
    issuer: values.issuer,
    audience: values.audience,
    jobId: values['job-id'],
    timeoutSeconds: values['timeout-seconds'],
  }
  const read = values.issuer === undefined ? { problems: ['--issuer is required'] } : readSettings(raw, names)
  const channels = readChannels(values.channels, values.begin ? channelsInTwoSteps : channelsInOneStep)
  const problems = [...('problems' in read ? read.problems : []), ...('problem' in channels ? [channels.problem] : [])]
  if ('problems' in read || 'problem' in channels) return { kind: 'misuse', problems }
  const common = { settings: read.settings, channels: channels.list }
  if (values.begin) return { kind: 'begin', ...common, stateFile: values['state-file'] }
  return { kind: 'token', ...common, output: outputOf(values) }
}

function finish(values: Values): CliCommand {
  const foreign = (['issuer', 'audience', 'job-id', 'channels'] as const).filter(name => values[name] !== undefined)
  if (foreign.length > 0) return misuse(`--${foreign.join(', --')}: given to --begin, not to --finish`)
  // The issuer comes from the state file, so only the time is read here.
  const read = readSettings(
    { issuer: 'https://unused.invalid', audience: '', jobId: '', timeoutSeconds: values['timeout-seconds'] },
    names,
  )
  if ('problems' in read) return { kind: 'misuse', problems: read.problems }
  return {
    kind: 'finish',
    timeoutMs: read.settings.timeoutMs,
    stateFile: values['state-file'],
    output: outputOf(values),
  }
}

const outputOf = (values: Values): TokenOutput => ({ file: values.output, json: values.json ?? false })

function readChannels(
  given: string | undefined,
  fallback: readonly Channel[],
): { list: readonly Channel[] } | { problem: string } {
  if (given === undefined) return { list: fallback }
  const parsed = RunStepChannelList.safeParse(given.split(','))
  return parsed.success ? { list: parsed.data } : { problem: channelsProblem }
}

const misuse = (problem: string): CliCommand => ({ kind: 'misuse', problems: [problem] })
