import { z } from 'zod'

/**
 * The same schema, refusing members that it does not name, at every level.
 *
 * Schemas of our own messages ignore members that they do not know, so that two releases can run side by side: the
 * newer one may write more than the older one reads. Writers and readers of requests from outside use the strict form,
 * so that nothing unknown is sent or swallowed. Checks, defaults and descriptions are kept; a `catch` is not, because
 * it would let a writer send what it never meant.
 */
export function strict<Schema extends z.ZodType>(schema: Schema): Schema {
  const { description } = schema
  const made = strictly(schema as unknown as z.core.$ZodTypes) as unknown as Schema
  return description === undefined || made === (schema as unknown) ? made : made.describe(description)
}

const inner = (schema: z.core.$ZodType): z.core.$ZodType => strict(schema as z.ZodType)
const remade = (schema: z.core.$ZodType, changes: object): z.core.$ZodType =>
  z.core.clone(schema, { ...schema._zod.def, ...changes } as never)

function strictly(schema: z.core.$ZodTypes): z.core.$ZodType {
  const { def } = schema._zod
  switch (def.type) {
    case 'object': {
      const members = Object.entries(def.shape).map(([name, member]) => [name, inner(member)])
      return remade(schema, { shape: Object.fromEntries(members), catchall: z.never() })
    }
    case 'array':
      return remade(schema, { element: inner(def.element) })
    case 'union':
      return remade(schema, { options: def.options.map(inner) })
    case 'record':
      return remade(schema, { valueType: inner(def.valueType) })
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return remade(schema, { innerType: inner(def.innerType) })
    case 'catch':
      return inner(def.innerType)
    case 'pipe':
      return remade(schema, { in: inner(def.in), out: inner(def.out) })
    case 'string':
    case 'number':
    case 'boolean':
    case 'literal':
    case 'enum':
    case 'never':
    case 'unknown':
    case 'transform':
      return schema
    default:
      // What holds members in another way has to be thought of before it is called strict.
      throw new Error(`strict() does not know schemas of type ${def.type}`)
  }
}
