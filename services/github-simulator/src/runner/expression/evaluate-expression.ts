/**
 * Workflow expressions. Lexer, parser and evaluator are GitHub's own (`@actions/expressions`, which its editor support
 * uses too), so precedence, coercion and case rules are theirs. This file adds the status functions, the template form
 * and bounds.
 */
import { data, Evaluator, type Expr, Lexer, Parser, wellKnownFunctions } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { TokenType } from '@actions/expressions/lexer'
import { truthy } from '@actions/expressions/result'
import { expressionResultCharsMax } from '../runner-limits.ts'
import {
  type ContextName,
  contextDictionary,
  contextNames,
  type ExpressionContexts,
  type ExpressionValue,
} from './expression-values.ts'
import { splitTemplate, TemplateError } from './split-template.ts'

export type JobStatus = 'success' | 'failure' | 'cancelled'
/** What an expression can read: contexts, and the status behind success(), failure() and cancelled(). */
export interface ExpressionScope {
  contexts: ExpressionContexts
  status: JobStatus
}

const statusFunctionNames = ['success', 'failure', 'cancelled', 'always'] as const
const statusFunctions = statusFunctionNames.map(name => ({ name, minArgs: 0, maxArgs: 0 }))
const knownFunctions = new Set<string>([...Object.keys(wellKnownFunctions), ...statusFunctionNames])

/** Evaluates one expression, without `${{ }}`. @throws TemplateError with a line for the log */
function evaluateExpression(expression: string, scope: ExpressionScope): ExpressionValue {
  try {
    const { tree } = parseExpression(expression)
    return new Evaluator(tree, contextDictionary(scope.contexts), functionsFor(scope.status)).evaluate()
  } catch (error) {
    if (error instanceof TemplateError) throw error
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new TemplateError(`The template is not valid. ${reason}. Located within expression: ${expression}`)
  }
}

/** Replaces every `${{ }}` of a text by its value as a string. */
export function interpolateText(template: string, scope: ExpressionScope): string {
  let result = ''
  for (const part of splitTemplate(template)) {
    result += 'text' in part ? part.text : evaluateExpression(part.expression, scope).coerceString()
    if (result.length > expressionResultCharsMax) throw new TemplateError('The result of the template is too long.')
  }
  return result
}

/** Interpolates each value of a map, in order; the names stay as they are. */
export function interpolateAll(
  values: Readonly<Record<string, string | number | boolean>> | undefined,
  scope: ExpressionScope,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, interpolateText(`${value}`, scope)]),
  )
}

/**
 * Evaluates a step's or job's `if`. Without a status function, `success()` is implied, as on GitHub. The text may be a
 * bare expression or wrapped in `${{ }}`. A mixture of text and expressions is a string, hence true unless empty.
 */
export function evaluateCondition(condition: string | undefined, scope: ExpressionScope): boolean {
  const text = (condition ?? '').trim()
  if (text === '') return scope.status === 'success'
  const parts = splitTemplate(text)
  const only = parts.length === 1 ? parts[0] : undefined
  if (only === undefined) {
    const implied = !parts.some(part => 'expression' in part && callsStatusFunction(part.expression))
    return (!implied || scope.status === 'success') && interpolateText(text, scope) !== ''
  }
  const expression = 'text' in only ? only.text : only.expression
  if (!callsStatusFunction(expression) && scope.status !== 'success') return false
  return truthy(evaluateExpression(expression, scope))
}

/** Names of the contexts that the expressions of a text use. */
export function contextsUsedBy(template: string): Set<ContextName> {
  const used = new Set<ContextName>()
  for (const part of splitTemplate(template)) {
    if ('expression' in part) for (const name of parseExpression(part.expression).contexts) used.add(name)
  }
  return used
}

function callsStatusFunction(expression: string): boolean {
  const { functions } = parseExpression(expression)
  return statusFunctionNames.some(name => functions.has(name))
}

function parseExpression(expression: string): { tree: Expr; contexts: Set<ContextName>; functions: Set<string> } {
  try {
    const { tokens } = new Lexer(expression).lex()
    const functions = new Set<string>()
    const contexts = new Set<ContextName>()
    for (const [index, token] of tokens.entries()) {
      if (token.type !== TokenType.IDENTIFIER || tokens[index - 1]?.type === TokenType.DOT) continue
      const name = token.lexeme.toLowerCase()
      const context = contextNames.find(known => known === name)
      if (tokens[index + 1]?.type === TokenType.LEFT_PAREN) functions.add(name)
      else if (context) contexts.add(context)
    }
    // The parser finds its functions in a plain object, so `constructor()` would be found there.
    const unknown = [...functions].find(name => !knownFunctions.has(name))
    if (unknown !== undefined) throw new Error(`Unrecognized function: '${unknown}'`)
    const tree: Expr | undefined = new Parser(tokens, [...contextNames], statusFunctions).parse()
    if (!tree) throw new Error('An expression was expected')
    return { tree, contexts, functions }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new TemplateError(`The template is not valid. ${reason}. Located within expression: ${expression}`)
  }
}

function functionsFor(status: JobStatus): Map<string, FunctionDefinition> {
  const functions = new Map<string, FunctionDefinition>()
  for (const [name, definition] of Object.entries(wellKnownFunctions))
    functions.set(name, withBoundedResult(definition))
  const answer = (name: string, value: boolean) =>
    functions.set(name, { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) })
  answer('always', true)
  for (const name of ['success', 'failure', 'cancelled']) answer(name, status === name)
  return functions
}

/** format() within format() doubles its result at each level; the bound stops that before it fills the memory. */
function withBoundedResult(definition: FunctionDefinition): FunctionDefinition {
  return {
    ...definition,
    call: (...args) => {
      const result = definition.call(...args)
      if (result instanceof data.StringData && result.value.length > expressionResultCharsMax) {
        throw new Error(`The result of ${definition.name} is too long`)
      }
      return result
    },
  }
}
