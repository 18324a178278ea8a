import type { LeasedBuilder } from '../building/builder-files.ts'

/** Adds the builder's address and credentials, which buildctl accepts only before its subcommand. */
export function buildctlCommand(command: readonly string[], to: LeasedBuilder): string[] {
  const [program = '', ...args] = command
  const server = ['--addr', to.endpoint, '--tlsservername', to.serverName, '--tlscacert', to.caFile]
  const words = to.emulated ? namingPlatform(args, to.platform) : args
  return [program, ...server, '--tlscert', to.certificateFile, '--tlskey', to.keyFile, ...words]
}

/**
 * Without a platform, BuildKit's Dockerfile frontend builds for the builder's platform, but writes the machine's beside
 * the image. On an emulated builder the two differ.
 */
function namingPlatform(args: readonly string[], platform: string): readonly string[] {
  const at = args.findIndex(arg => arg === 'build' || arg === 'b')
  const line = args.join(' ')
  const isDockerfile = /(^| )--frontend[ =]dockerfile\.v0( |$)/.test(line)
  if (at < 0 || !isDockerfile || /(^| )--opt[ =]platform=/.test(line)) return args
  return [...args.slice(0, at + 1), '--opt', `platform=${platform}`, ...args.slice(at + 1)]
}
