import { type ExpressionScope, interpolateAll, interpolateText } from '../expression/evaluate-expression.ts'
import type { StepDefinition } from '../workflow-definition.ts'
import type { ActionManifest } from './action-manifest.ts'

interface ActionInputs {
  values: Record<string, string>
  warnings: string[]
}

/**
 * Inputs of an action: what the step gives, then the manifest's defaults, which may hold expressions.
 * Names ignore case.
 */
export function evaluateInputs(step: StepDefinition, manifest: ActionManifest, scope: ExpressionScope): ActionInputs {
  const values = interpolateAll(step.with, scope)
  const given = new Map(Object.keys(values).map(name => [name.toLowerCase(), name]))
  const declared = Object.entries(manifest.inputs ?? {})
  const warnings: string[] = []
  for (const [name, input] of declared) {
    const givenName = given.get(name.toLowerCase())
    if (givenName === undefined) values[name] = interpolateText(input?.default ?? '', scope)
    else if (input?.deprecationMessage !== undefined) {
      warnings.push(`Input '${name}' has been deprecated with message: ${input.deprecationMessage}`)
    }
    given.delete(name.toLowerCase())
  }
  if (given.size > 0) {
    const valid = declared.map(([name]) => `'${name}'`).join(', ')
    warnings.push(`Unexpected input(s) '${[...given.values()].join("', '")}', valid inputs are [${valid}]`)
  }
  return { values, warnings }
}

/** INPUT_<NAME>: upper case, spaces as underscores; dashes stay, which is what `@actions/core` looks for. */
export function inputVariables(values: Readonly<Record<string, string>>): Record<string, string> {
  const variable = (name: string) => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [variable(name), value]))
}
