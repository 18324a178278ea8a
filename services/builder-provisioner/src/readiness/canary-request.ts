import { createHash } from 'node:crypto'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { Platform } from '@forkproof/contracts/builder'
import { type DefinitionSchema, OpSchema, SolveRequestSchema } from './generated-messages.ts'

/** BuildKit takes messages of 16 MiB. */
const probeBytesMax = 15 * 1_048_576
/** The kernel takes variables of 128 KiB. */
const targetBytesMax = 100_000

/** `ref` names the build. */
export type CanaryRequest = (ref: string, targets: readonly string[]) => Uint8Array

/**
 * Requests to build the canary image, whose one file is the probe, and to run it. They need neither a frontend nor a
 * session. They leave nothing that a later client of the builder could read: `internal` keeps them out of its history.
 * BuildKit shows a step's name and arguments but not its variables, where the targets are. All but that last step is
 * encoded once, since the probe has some megabytes.
 * @throws Error when the probe is too large
 */
export function canaryRequests(platform: Platform, probe: Uint8Array): CanaryRequest {
  if (probe.byteLength > probeBytesMax) throw new Error(`the probe has more than ${probeBytesMax} bytes`)
  const [os = '', architecture = ''] = platform.split('/')
  const on = { platform: { os, architecture } }
  const mkfile = { case: 'mkfile', value: { path: '/probe', mode: 0o755, data: probe } } as const
  const actions = [{ input: emptyInput, secondaryInput: emptyInput, output: 0n, action: mkfile }]
  const placed = canaryStep({ ...on, op: { case: 'file', value: { actions } } })
  const first = encode({ internal: true, definition: definitionOf([placed, named('canary: place the probe')]) })

  return (ref, targets) => {
    const list = `TARGETS=${targets.join(',')}`
    if (list.length > targetBytesMax) throw new Error(`the targets have more than ${targetBytesMax} bytes`)
    const meta = { args: ['/probe', 'unreachable'], env: [list], cwd: '/' }
    const mounts = [{ input: 0n, dest: '/', output: 0n }]
    const inputs = [{ digest: placed.digest }]
    const run = canaryStep({ ...on, inputs, op: { case: 'exec', value: { meta, mounts } } })
    const result = canaryStep({ inputs: [{ digest: run.digest }] })
    // The step itself must run, whatever the builder remembers.
    const options = { ...named('canary: look around from inside'), ignoreCache: true }
    // Two encoded messages in a row are one message, with their lists joined.
    return Buffer.concat([first, encode({ ref, definition: definitionOf([run, options], [result, {}]) })])
  }
}

/** Index of an input that is not there: the empty file system. */
const emptyInput = -1n

interface CanaryStep {
  readonly encoded: Uint8Array
  readonly digest: string
}

function canaryStep(op: MessageInitShape<typeof OpSchema>): CanaryStep {
  const encoded = toBinary(OpSchema, create(OpSchema, op))
  return { encoded, digest: `sha256:${createHash('sha256').update(encoded).digest('hex')}` }
}

const named = (name: string) => ({ description: { 'llb.customname': name } })

const definitionOf = (...steps: [CanaryStep, object][]): MessageInitShape<typeof DefinitionSchema> => ({
  def: steps.map(([{ encoded }]) => encoded),
  metadata: Object.fromEntries(steps.map(([{ digest }, options]) => [digest, options])),
})

const encode = (request: MessageInitShape<typeof SolveRequestSchema>): Uint8Array =>
  toBinary(SolveRequestSchema, create(SolveRequestSchema, request))
