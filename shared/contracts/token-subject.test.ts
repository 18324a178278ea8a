import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  forkPullRequestSubject,
  isSubjectOf,
  type SubjectPart,
  subjectCharsMax,
  TokenSubject,
} from './token-subject.ts'

const both: SubjectPart[] = ['base_ref', 'workflow_path']
const base = 'repo_id:42:fork_pull_request'
const subjectOf = (base_ref?: string, workflow_path?: string, parts = both) =>
  forkPullRequestSubject('42', { base_ref, workflow_path }, parts)

describe('a subject', () => {
  it('is as before without parts, whatever the run says', () => {
    expect(subjectOf('main', 'a.yml', [])).toBe(base)
  })

  it.each<[string, string | undefined, string | undefined, SubjectPart[], string]>([
    ['one part', 'main', 'a.yml', ['base_ref'], ':base_ref:main'],
    ['the other', 'main', '.github/workflows/ci.yml', ['workflow_path'], ':workflow_path:.github/workflows/ci.yml'],
    ['both, in the fixed order', 'main', 'a.yml', ['workflow_path', 'base_ref'], ':base_ref:main:workflow_path:a.yml'],
    ['a part once that is set twice', 'main', 'a.yml', ['base_ref', 'base_ref'], ':base_ref:main'],
    ['nothing for a base that is not known', undefined, 'a.yml', both, ':base_ref::workflow_path:a.yml'],
    [
      'no colon of a branch',
      'main:workflow_path:a.yml',
      'x.yml',
      both,
      ':base_ref:main%3Aworkflow_path%3Aa.yml:workflow_path:x.yml',
    ],
    ['no wildcard of a branch', 'v*?', 'a.yml', ['base_ref'], ':base_ref:v%2A%3F'],
    ['escapes that a branch writes itself', 'a%3Ab', 'a.yml', ['base_ref'], ':base_ref:a%253Ab'],
    ['no space and no letter beyond ASCII', 'grün x', 'a.yml', ['base_ref'], ':base_ref:gr%C3%BCn%20x'],
    ['no letter that only looks alike', 'm\u0430in', 'a.yml', ['base_ref'], ':base_ref:m%D0%B0in'],
    ['nothing for half a surrogate pair', '\ud800', 'a.yml', ['base_ref'], ':base_ref:'],
    ['nothing when it would be too long', 'x'.repeat(250), 'a.yml', both, ':base_ref::workflow_path:'],
  ])('says %s', (_, ref, path, parts, tail) => {
    expect(subjectOf(ref, path, parts)).toBe(`${base}${tail}`)
  })

  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.constantFrom('main', 'main:workflow_path:', ':', '%', '%3A', 'a:b', 'pull_request', `main:${base}`),
  )
  const run = fc.record({ ref: text, path: text, parts: fc.subarray(both) })
  const seeded = { seed: 20_261_128, numRuns: 2_000 }

  it('is never one that GitHub gives, nor one of another repository', () => {
    fc.assert(
      fc.property(run, ({ ref, path, parts }) => {
        const subject = subjectOf(ref, path, parts)
        expect(subject.startsWith(base)).toBe(true)
        expect(subject.slice(base.length)).toMatch(/^(:|$)/)
        expect(subject.length).toBeLessThanOrEqual(subjectCharsMax)
        expect(TokenSubject.safeParse(subject).success).toBe(true)
      }),
      seeded,
    )
  })

  it('differs when what it says differs, whatever branches and paths are called', () => {
    fc.assert(
      fc.property(run, run, (one, other) => {
        // An escaped value of 40 characters can be too long; then neither says anything.
        const [a, b] = [one, other].map(({ ref, path }) => subjectOf(ref, path))
        if (a !== b || a === `${base}:base_ref::workflow_path:`) return
        const said = ({ ref, path }: typeof one) => [ref, path].map(value => (value.isWellFormed() ? value : ''))
        expect(said(one)).toEqual(said(other))
      }),
      seeded,
    )
  })
})

describe('a reader', () => {
  const values = { base_ref: 'main', workflow_path: 'a.yml' }
  it.each([[], ['base_ref'], ['workflow_path'], both] as SubjectPart[][])('knows the subject by %j', (...parts) => {
    expect(isSubjectOf(forkPullRequestSubject('42', values, parts), '42', values)).toBe(true)
  })
  it.each([
    `${base}:base_ref:next`,
    `${base}:base_ref:`,
    `${base}:workflow_path:a.yml:base_ref:main`,
    `${base}:base_ref:main:base_ref:main`,
    `${base}:`,
    'repo_id:43:fork_pull_request',
    'repo_id:421:fork_pull_request',
    'repo:octo-org/octo-repo:pull_request',
    '',
  ])('does not take %j for it', subject => {
    expect(isSubjectOf(subject, '42', values)).toBe(false)
  })
  it.each([
    `${base}:actor:x`,
    `${base}:base_ref:a:b`,
    `${base}:base_ref:a b`,
    `${base}:base_ref:*`,
    `${base}x`,
    `x${base}`,
  ])('takes %j for no subject at all', subject => {
    expect(TokenSubject.safeParse(subject).success).toBe(false)
  })
})
