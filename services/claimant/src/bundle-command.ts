import { rm } from 'node:fs/promises'
import { bundleClaimant, defaultOutDir } from './bundle.ts'

// Chunks are named after their content. Those of an older build must not be published with this one.
await rm(defaultOutDir, { recursive: true, force: true })
for (const file of await bundleClaimant()) process.stdout.write(`${file.path} ${Math.ceil(file.bytes / 1_024)} KiB\n`)
