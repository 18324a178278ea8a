import { open } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { actionManifestBytesMax } from '../runner-limits.ts'
import { stepDefinitionSchema } from '../workflow-definition.ts'

/** An action cannot be used. The message is meant for the job's log. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
}

const scalarText = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const inputSchema = z
  .object({
    description: z.string().optional(),
    required: z.union([z.boolean(), z.string()]).optional(),
    default: scalarText.optional(),
    deprecationMessage: z.string().optional(),
  })
  .nullable()
const nodeSchema = z.object({
  using: z.enum(['node20', 'node24']),
  main: z.string().min(1),
  pre: z.string().optional(),
  'pre-if': z.string().optional(),
  post: z.string().optional(),
  'post-if': z.string().optional(),
})
const compositeSchema = z.object({ using: z.literal('composite'), steps: z.array(stepDefinitionSchema).max(256) })
const manifestSchema = z.object({
  name: z.string().optional(),
  inputs: z.record(z.string(), inputSchema).nullish(),
  outputs: z.record(z.string(), z.object({ value: scalarText.optional() }).nullable()).nullish(),
  runs: z.discriminatedUnion('using', [nodeSchema, compositeSchema]),
})

export type ActionManifest = z.infer<typeof manifestSchema>
export type NodeRuns = z.infer<typeof nodeSchema>

/** Reads `action.yml` or `action.yaml` of a directory. Throws ActionError. */
export async function readActionManifest(directory: string): Promise<ActionManifest> {
  for (const name of ['action.yml', 'action.yaml']) {
    const text = await readBounded(path.join(directory, name))
    if (text !== undefined) return parseManifest(text, name)
  }
  throw new ActionError(`Can't find 'action.yml' or 'action.yaml' under '${directory}'.`)
}

function parseManifest(text: string, name: string): ActionManifest {
  let document: unknown
  try {
    document = parse(text)
  } catch {
    throw new ActionError(`${name} is not valid YAML.`)
  }
  const using = z.object({ runs: z.object({ using: z.string() }) }).safeParse(document).data?.runs.using
  if (using === 'docker') throw new ActionError('Docker actions are not supported by this runner.')
  const result = manifestSchema.safeParse(document)
  if (result.success) return result.data
  const problem = result.error.issues[0]
  throw new ActionError(
    `${name} is not valid: ${problem?.path.join('.') ?? ''}: ${problem?.message ?? 'unknown reason'}`,
  )
}

async function readBounded(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return undefined
  try {
    const { size } = await handle.stat()
    if (size > actionManifestBytesMax) throw new ActionError(`${path.basename(file)} is longer than allowed.`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
