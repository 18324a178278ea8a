import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalSystem } from './local-system.ts'

/**
 * Writes what `npm run keys`, `npm run issuance` and `npm run trust` need to talk to this system, as an env file that
 * npm's scripts read: the bus's passwords are drawn anew at each start. Returns a function that removes the file, which
 * must not outlive the passwords.
 */
export async function writeOperatorSettings(folder: string, system: LocalSystem): Promise<() => Promise<void>> {
  const { addresses, busPasswords } = system
  const settings = {
    FORKPROOF_TEMPORAL_ADDRESS: addresses.temporal,
    FORKPROOF_NATS_URL: addresses.nats,
    FORKPROOF_NATS_PASSWORD: busPasswords.signer.reveal(),
    FORKPROOF_GATEWAY_URL: addresses.issuer,
    FORKPROOF_OPERATOR_TOKEN: system.operatorToken.reveal(),
  }
  const file = join(folder, 'operator.env')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  // A file of a killed system may have other rights: it is replaced, not rewritten.
  await rm(file, { force: true })
  await writeFile(file, lines.join(''), { mode: 0o600, flag: 'wx' })
  return () => rm(file, { force: true })
}
