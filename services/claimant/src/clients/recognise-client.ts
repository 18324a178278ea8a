import path from 'node:path'
import { Platform } from '@forkproof/contracts/builder'

/** The command that a builder is for, by what it needs to use one. */
export type CommandClient =
  | { readonly kind: 'buildx' /** How buildx is started. */; readonly buildx: readonly string[] }
  | { readonly kind: 'buildctl' }
  /** Leases its builders itself. */
  | { readonly kind: 'depot' }
  | { readonly kind: 'other' }

const programName = (program: string): string =>
  path
    .basename(program)
    .toLowerCase()
    .replace(/\.exe$/, '')

/** Never empty: the command line refuses that before. */
export function recogniseClient(command: readonly string[]): CommandClient | { readonly problem: string } {
  const [program = '', ...args] = command
  const name = programName(program)
  if (name === 'docker') return recogniseDocker(program, args)
  if (name === 'buildx' || name === 'docker-buildx') return withoutBuilder(args, { kind: 'buildx', buildx: [program] })
  if (name === 'buildctl') return recogniseBuildctl(args)
  if (name === 'depot') return { kind: 'depot' }
  return { kind: 'other' }
}

/** `docker build` builds on the local daemon wherever buildx is not its default, and would do so without a word. */
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

/** What the command itself says it builds for, so that it need not be said twice; nothing where that is not one of ours. */
export function platformsOf(command: readonly string[]): readonly Platform[] {
  const named = command.flatMap((arg, index) => {
    if (arg === '--platform') return (command[index + 1] ?? '').split(',')
    return arg.startsWith('--platform=') ? arg.slice('--platform='.length).split(',') : []
  })
  const known = [...new Set(named)].map(name => Platform.safeParse(name))
  return known.every(one => one.success) ? known.map(one => one.data) : []
}
