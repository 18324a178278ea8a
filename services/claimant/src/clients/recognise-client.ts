import path from 'node:path'
import { Platform } from '@forkproof/contracts/builder'

/** The client that the command starts. Each kind needs something else to use a builder. */
export type CommandClient =
  | { readonly kind: 'buildx' /** How buildx is started. */; readonly buildx: readonly string[] }
  | { readonly kind: 'buildctl' }
  /** It leases its builders itself. */
  | { readonly kind: 'depot' }
  | { readonly kind: 'other' }

const programName = (program: string): string =>
  path
    .basename(program)
    .toLowerCase()
    .replace(/\.exe$/, '')

/** `command` is never empty: the arguments are checked before. */
export function recogniseClient(command: readonly string[]): CommandClient | { readonly problem: string } {
  const [program = '', ...args] = command
  const name = programName(program)
  if (name === 'docker') return recogniseDocker(program, args)
  if (name === 'buildx' || name === 'docker-buildx') return withoutBuilder(args, { kind: 'buildx', buildx: [program] })
  if (name === 'buildctl') return recogniseBuildctl(args)
  if (name === 'depot') return { kind: 'depot' }
  return { kind: 'other' }
}

/** `docker build` is refused: where buildx is not its default, it silently builds on the local daemon. */
function recogniseDocker(program: string, args: readonly string[]): CommandClient | { problem: string } {
  const at = args.indexOf('buildx')
  const before = args.slice(0, at)
  if (at < 0 || before.includes('build')) return { problem: 'only `docker buildx …` can use a remote builder' }
  return withoutBuilder(args.slice(at + 1), { kind: 'buildx', buildx: [program, ...before, 'buildx'] })
}

function withoutBuilder(args: readonly string[], client: CommandClient): CommandClient | { problem: string } {
  const chosen = args.some(arg => arg === '--builder' || arg.startsWith('--builder='))
  return chosen ? { problem: 'leave --builder out: the leased builder is chosen for the command' } : client
}

function recogniseBuildctl(args: readonly string[]): CommandClient | { problem: string } {
  const ours = args.find(arg => /^--(addr|tls[a-z]+)(=|$)/.test(arg))
  return ours === undefined
    ? { kind: 'buildctl' }
    : { problem: `leave ${ours.split('=', 1)[0]} out: it is set for the leased builder` }
}

/** The platforms that the command itself names, so that the user need not repeat them. Empty if one is unknown here. */
export function platformsOf(command: readonly string[]): readonly Platform[] {
  const named = command.flatMap((arg, index) => {
    if (arg === '--platform') return (command[index + 1] ?? '').split(',')
    return arg.startsWith('--platform=') ? arg.slice('--platform='.length).split(',') : []
  })
  const known = [...new Set(named)].map(name => Platform.safeParse(name))
  return known.every(one => one.success) ? known.map(one => one.data) : []
}
