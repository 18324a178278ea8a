/** GitHub's published OpenAPI 3.0 document, made readable for a JSON Schema validator. For tests only. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

interface OpenApiOperation {
  responses?: Record<string, { content?: Record<string, { schema?: unknown }> } | { $ref: string }>
}
interface OpenApiDocument {
  paths: Record<string, { get?: OpenApiOperation; post?: OpenApiOperation }>
  'x-webhooks': Record<string, { post?: { requestBody?: { content?: Record<string, { schema?: unknown }> } } }>
  components: { schemas: Record<string, unknown>; responses: Record<string, unknown> }
}

export class GitHubSchemas {
  readonly #document: OpenApiDocument
  readonly #ajv: Ajv

  constructor() {
    const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json')
    this.#document = JSON.parse(readFileSync(file, 'utf8')) as OpenApiDocument
    this.#ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
    addFormats.default(this.#ajv)
    const schemas = toJsonSchema(this.#document.components.schemas)
    this.#ajv.addSchema({ $id: 'github', components: { schemas } })
  }

  /** The validator of a documented answer; undefined where the document has no JSON for that status. */
  validator(path: string, status: number, method: 'get' | 'post' = 'get'): ValidateFunction | undefined {
    const responses = this.#document.paths[path]?.[method]?.responses
    if (responses === undefined) throw new Error(`GitHub's document has no ${method} ${path}`)
    const schema = this.#resolve(responses[String(status)])?.content?.['application/json']?.schema
    return schema === undefined ? undefined : this.#ajv.compile(toJsonSchema(schema) as object)
  }

  /** The validator of a webhook's body, by its name in the document: `workflow-job-queued`. */
  webhookValidator(name: string): ValidateFunction {
    const schema = this.#document['x-webhooks'][name]?.post?.requestBody?.content?.['application/json']?.schema
    if (schema === undefined) throw new Error(`GitHub's document has no webhook ${name}`)
    return this.#ajv.compile(toJsonSchema(schema) as object)
  }

  errorValidator(): ValidateFunction {
    return this.#ajv.compile({ $ref: 'github#/components/schemas/basic-error' })
  }

  #resolve(response: unknown): { content?: Record<string, { schema?: unknown }> } | undefined {
    if (typeof response !== 'object' || response === null) return undefined
    if (!('$ref' in response)) return response
    const name = String(response.$ref).split('/').at(-1) ?? ''
    return this.#document.components.responses[name] as { content?: Record<string, { schema?: unknown }> }
  }
}

/** OpenAPI 3.0's `nullable` in JSON Schema's words, and references into the added document. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const {
    nullable,
    example: _example,
    examples: _examples,
    discriminator: _discriminator,
    ...rest
  } = node as Record<string, unknown>
  const schema: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(rest)) {
    schema[key] = key === '$ref' ? String(value).replace('#/', 'github#/') : toJsonSchema(value)
  }
  if (nullable !== true) return schema
  return { anyOf: [schema, { type: 'null' }] }
}
