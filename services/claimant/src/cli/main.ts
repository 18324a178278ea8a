#!/usr/bin/env node
import manifest from '../../package.json' with { type: 'json' }
import { systemClock } from '../claiming/system-clock.ts'
import { runCli } from './run-cli.ts'

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  version: manifest.version,
  clock: systemClock,
  random: Math.random,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})
