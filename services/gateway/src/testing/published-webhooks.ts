/** Payloads that GitHub's published OpenAPI of webhooks accepts. For tests only. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

type PayloadJson = Record<string, unknown>
interface SchemaNode {
  readonly $ref?: string
  readonly allOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
}

const file = createRequire(import.meta.url).resolve('@octokit/openapi-webhooks/generated/api.github.com.json')
const document = JSON.parse(readFileSync(file, 'utf8')) as { components: { schemas: Record<string, SchemaNode> } }
const ajv = new Ajv({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema({ ...document, $id: 'github' })
const validators = new Map<string, ValidateFunction>()

function validatorOf(name: string): ValidateFunction {
  const made = validators.get(name) ?? ajv.compile({ $ref: `github#/components/schemas/webhook-${name}` })
  validators.set(name, made)
  return made
}

/**
 * A payload of an event as the document names it, such as `workflow-job-completed`: every required member, changed as
 * the test wants.
 * @throws when GitHub's document would not accept it
 */
export function publishedPayload(name: string, changes: PayloadJson = {}): PayloadJson {
  const schema = document.components.schemas[`webhook-${name}`]
  if (!schema) throw new Error(`GitHub's document has no webhook ${name}`)
  const payload = merged(sampleOf(schema) as PayloadJson, changes)
  const validate = validatorOf(name)
  if (!validate(payload)) throw new Error(ajv.errorsText(validate.errors?.slice(0, 5)))
  return payload
}

function merged(base: PayloadJson, changes: PayloadJson): PayloadJson {
  const entries = Object.entries(changes).map(([name, value]) => {
    const before = base[name]
    return [name, isObject(value) && isObject(before) ? merged(before, value) : value]
  })
  return { ...base, ...Object.fromEntries(entries) }
}

const isObject = (value: unknown): value is PayloadJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The plainest value that a schema accepts. */
function sampleOf(node: SchemaNode): unknown {
  if (node.$ref) return sampleOf(document.components.schemas[node.$ref.split('/').at(-1) ?? ''] ?? {})
  if (node.allOf)
    return node.allOf.map(sampleOf).reduce((all, one) => (isObject(all) && isObject(one) ? merged(all, one) : one))
  const choice = node.anyOf?.[0] ?? node.oneOf?.[0]
  if (choice) return sampleOf(choice)
  if (node.enum) return node.enum[0]
  const types = [node.type ?? []].flat()
  if (types.includes('null')) return null
  const [type] = types
  if (type === 'object' || node.properties) {
    return Object.fromEntries((node.required ?? []).map(name => [name, sampleOf(node.properties?.[name] ?? {})]))
  }
  if (type === 'array') return []
  if (type === 'integer' || type === 'number') return 1
  if (type === 'boolean') return false
  return stringSamples[node.format ?? ''] ?? 'text'
}

const stringSamples: Readonly<Record<string, string>> = {
  'date-time': '2026-11-25T10:00:00Z',
  uri: 'https://github.com/octo-org/octo-repo',
  email: 'octocat@github.com',
}
