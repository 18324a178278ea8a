import type { LeasedBuilder } from '../building/builder-files.ts'

/** buildctl takes these before its subcommand only. */
export function buildctlCommand(command: readonly string[], to: LeasedBuilder): string[] {
  const [program = '', ...args] = command
  const server = ['--addr', to.endpoint, '--tlsservername', to.serverName, '--tlscacert', to.caFile]
  return [program, ...server, '--tlscert', to.certificateFile, '--tlskey', to.keyFile, ...args]
}
