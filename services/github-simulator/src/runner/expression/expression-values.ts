import { data } from '@actions/expressions'
import { reviver } from '@actions/expressions/data/reviver'

export type ExpressionValue = data.ExpressionData

/** Every context a step or a job may name; a context that is not given reads as an empty object. */
export const contextNames = [
  'github',
  'env',
  'vars',
  'job',
  'steps',
  'runner',
  'secrets',
  'strategy',
  'matrix',
  'needs',
  'inputs',
] as const
export type ContextName = (typeof contextNames)[number]
export type ExpressionContexts = Readonly<Partial<Record<ContextName, ExpressionValue>>>

/** Turns plain JSON into the evaluator's values. `undefined` members are left out. */
export function toExpressionValue(value: unknown): ExpressionValue {
  const json = JSON.stringify(value ?? null)
  return JSON.parse(json, reviver) as ExpressionValue
}

/** The contexts as one dictionary, in the form the evaluator looks names up in. */
export function contextDictionary(contexts: ExpressionContexts): data.Dictionary {
  return new data.Dictionary(
    ...contextNames.map(name => ({ key: name, value: contexts[name] ?? new data.Dictionary() })),
  )
}
