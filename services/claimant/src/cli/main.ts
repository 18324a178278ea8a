#!/usr/bin/env node
import manifest from '../../package.json' with { type: 'json' }
import { systemClaimClock } from '../claiming/claim-clock.ts'
import { runCli } from './run-cli.ts'
import { onTerminationSignal } from './termination-signals.ts'

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  version: manifest.version,
  script: process.argv[1] ?? '',
  isInteractive: process.stdin.isTTY === true,
  clock: systemClaimClock,
  random: Math.random,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  onSignal: onTerminationSignal,
})
// Ends also a claim that goes on in the background after an interrupt.
process.stderr.write('', () => process.stdout.write('', () => process.exit()))
