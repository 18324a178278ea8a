import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contextsUsedBy,
  type ExpressionScope,
  evaluateCondition,
  interpolateText,
  type JobStatus,
} from './evaluate-expression.ts'
import { toExpressionValue } from './expression-values.ts'
import { splitTemplate, TemplateError } from './split-template.ts'

const braces = (expression: string) => `\${{ ${expression} }}`

function scope(status: JobStatus = 'success'): ExpressionScope {
  return {
    status,
    contexts: {
      github: toExpressionValue({
        ref: 'refs/pull/6/merge',
        event: { pull_request: { title: "it's", labels: ['a', 'b'] } },
      }),
      steps: toExpressionValue({ claim: { outputs: { code: 'fp-1' }, outcome: 'failure', conclusion: 'success' } }),
      matrix: toExpressionValue({ os: 'linux', size: 3, fast: true }),
      needs: toExpressionValue({ a: { result: 'success', outputs: { x: '1' } } }),
      env: toExpressionValue({ NAME: 'value' }),
    },
  }
}

describe('interpolating a text', () => {
  it.each([
    ['plain', 'plain'],
    [`a ${braces('github.ref')} b`, 'a refs/pull/6/merge b'],
    [`${braces('matrix.os')}-${braces('matrix.size')}`, 'linux-3'],
    [braces("github['event'].pull_request.title"), "it's"],
    [braces('github.event.pull_request.labels[1]'), 'b'],
    [braces('steps.claim.outputs.code'), 'fp-1'],
    [braces('steps.claim.outcome'), 'failure'],
    [braces('needs.a.outputs.x'), '1'],
    [braces('steps.none.outputs.code'), ''],
    [braces('github.event.nothing.deeper'), ''],
    [braces('1 == 1.0'), 'true'],
    [braces("'A' == 'a'"), 'true'],
    [braces('null == 0'), 'true'],
    [braces("matrix.size > 2 && 'big' || 'small'"), 'big'],
    [braces('!(matrix.size <= 2)'), 'true'],
    [braces('matrix.size != 3'), 'false'],
    [braces("format('{0}/{1}{{x}}', matrix.os, matrix.size)"), 'linux/3{x}'],
    [braces("contains(github.ref, 'PULL')"), 'true'],
    [braces("startsWith(github.ref, 'refs/heads/')"), 'false'],
    [braces("endsWith(github.ref, '/merge')"), 'true'],
    [braces("join(github.event.pull_request.labels, '+')"), 'a+b'],
    [braces('toJSON(github.event.pull_request.labels)'), '[\n  "a",\n  "b"\n]'],
    [braces(`fromJSON('{"k":[1,2]}').k[1]`), '2'],
    [braces("'it''s }} quoted'"), "it's }} quoted"],
    [braces('github.event'), 'Object'],
  ])('turns %j into %j', (template, expected) => {
    expect(interpolateText(template, scope())).toBe(expected)
  })

  it.each([
    ['an unclosed expression', '${' + '{ github.ref'],
    ['an empty expression', braces('')],
    ['an unknown context', braces('secret.TOKEN')],
    ['an unknown function', braces('system(1)')],
    ['a member of every object as a function', braces('constructor(1)')],
    ['a dangling operator', braces('1 ==')],
    ['an unclosed string', braces("'abc")],
    ['double quotes', braces('"abc"')],
    ['too few arguments', braces("contains('a')")],
    ['status functions with arguments', braces("success('x')")],
    ['invalid JSON', braces("fromJSON('{')")],
    ['nesting beyond the parser limit', braces(`${'('.repeat(60)}1${')'.repeat(60)}`)],
    ['a result that doubles at every level', braces(`${"format('{0}{0}', ".repeat(24)}'xx'${')'.repeat(24)}`)],
  ])('refuses %s with a message', (_case, template) => {
    expect(() => interpolateText(template, scope())).toThrow(
      /^The (template is not valid|expression is not closed|result)/,
    )
  })
})

describe('any text at all', () => {
  it('is a value or a TemplateError', () => {
    const pieces = [
      '$',
      '{',
      '}',
      '{{',
      '}}',
      "'",
      'github',
      '.',
      '[',
      ']',
      '(',
      ')',
      '*',
      '!',
      '==',
      '&&',
      '||',
      'format',
      'fromJSON',
      '1',
      ',',
      ' ',
    ]
    const texts = fc.array(fc.constantFrom(...pieces, '__proto__', 'constructor', 'toString'), { maxLength: 20 })
    fc.assert(
      fc.property(texts, words => {
        for (const text of [words.join(''), braces(words.join(' '))]) {
          try {
            expect(typeof interpolateText(text, scope())).toBe('string')
          } catch (error) {
            expect(error).toBeInstanceOf(TemplateError)
          }
        }
      }),
      { seed: 6, numRuns: 3_000 },
    )
  })
})

describe('a condition', () => {
  it.each<[condition: string | undefined, status: JobStatus, runs: boolean]>([
    [undefined, 'success', true],
    [undefined, 'failure', false],
    [undefined, 'cancelled', false],
    ['', 'failure', false],
    ['always()', 'cancelled', true],
    ['failure()', 'failure', true],
    ['failure()', 'success', false],
    ['cancelled()', 'cancelled', true],
    ['success()', 'failure', false],
    ['!cancelled()', 'failure', true],
    ["matrix.os == 'linux'", 'success', true],
    ["matrix.os == 'linux'", 'failure', false],
    ["matrix.os == 'windows'", 'success', false],
    ["failure() && matrix.os == 'linux'", 'failure', true],
    [braces('always() && false'), 'success', false],
    [braces("steps.claim.outcome == 'failure'"), 'success', true],
    [`${braces('false')} && false`, 'success', true],
    ["'always()' == 'x'", 'failure', false],
    ["'false'", 'success', true],
    ['0', 'success', false],
  ])('%j with status %s is %s', (condition, status, runs) => {
    expect(evaluateCondition(condition, scope(status))).toBe(runs)
  })

  it('that cannot be read is an error, not false', () => {
    expect(() => evaluateCondition('success(', scope())).toThrow('not valid')
  })
})

describe('looking at a template', () => {
  it('finds the contexts that are used and not those that are only mentioned', () => {
    const template = `${braces("format('{0} env', steps.a.outputs.env)")} ${braces('matrix.secrets')}`
    expect([...contextsUsedBy(template)].sort()).toEqual(['matrix', 'steps'])
  })

  it('keeps closing braces that are within a quoted string', () => {
    expect(splitTemplate(`x ${braces("'}}'")} y`)).toEqual([{ text: 'x ' }, { expression: "'}}'" }, { text: ' y' }])
  })
})
