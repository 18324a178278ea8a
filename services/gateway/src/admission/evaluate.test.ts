import { RelationshipId, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { TrustRule } from '@forkproof/contracts/trust'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, failedRules, wouldAdmit } from './evaluate.ts'
import type { RunClaims } from './run-claims.ts'

const run = {
  repository: RepositoryName.parse('octo-org/octo-repo'),
  repositoryId: '456789',
  runId: RunId.parse('77'),
  attempt: RunAttempt.parse('1'),
}
const fork: RunClaims = {
  eventClass: 'fork_pull_request',
  run: { eventClass: 'fork_pull_request', ...run },
  workflowPath: '.github/workflows/build.yml',
  baseRef: 'main',
  authorAssociation: 'CONTRIBUTOR',
  pullRequestNumber: '12',
  pullRequestState: 'open',
  proofMethod: 'artifact',
}
const push: RunClaims = {
  eventClass: 'trusted',
  run: { eventClass: 'trusted', ...run },
  workflowPath: '.github/workflows/build.yml',
  event: 'push',
  ref: 'refs/heads/main',
}
const letters = 'abcdefghijklmnopqrstuvwxyz234567'
const relationshipId = (index: number) => RelationshipId.parse(`trl_${(letters[index] ?? '7').repeat(16)}`)
const related = (rule: object, index = 0) => ({
  id: relationshipId(index),
  rule: TrustRule.parse(rule),
  createdAt: '2026-01-01T00:00:00.000Z',
})
const decide = (claims: RunClaims, ...rules: object[]) =>
  evaluate({ relationships: rules.map((rule, index) => related(rule, index)) }, claims)
const forks = { eventClass: 'fork_pull_request', repositoryId: '456789' }
const trusted = { eventClass: 'trusted', repositoryId: '456789' }

const without = (claims: RunClaims, member: string): RunClaims =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => name !== member)) as unknown as RunClaims

describe('evaluate', () => {
  it('denies when there is no relationship at all', () => {
    expect(decide(fork)).toEqual({ admitted: false, decisions: [] })
  })

  it('admits what every rule of one relationship allows, and gives its grant', () => {
    const rule = { ...forks, baseRefs: ['next', 'main'], authorAssociations: ['CONTRIBUTOR'], grant: { maxMinutes: 5 } }
    expect(decide(fork, { ...forks, repositoryId: '1' }, rule)).toMatchObject({
      admitted: true,
      relationshipId: relationshipId(1),
      grant: { maxMinutes: 5, egress: 'none', cache: 'none', platforms: ['linux/amd64'] },
    })
  })

  it('lets the first of several decide', () => {
    const answer = decide(push, { ...trusted, grant: { cache: 'none' } }, { ...trusted, grant: { cache: 'project' } })
    expect([answer.relationshipId, answer.grant?.cache]).toEqual([relationshipId(0), 'none'])
  })

  it.each<[string, RunClaims, object]>([
    ['event_class', fork, trusted],
    ['event_class', push, forks],
    ['repository_id', fork, { ...forks, repositoryId: '45678' }],
    ['repository_id', fork, { ...forks, repositoryId: '4567890' }],
    ['workflow_path', fork, { ...forks, workflowPaths: ['.github/workflows/build.yaml'] }],
    ['workflow_path', fork, { ...forks, workflowPaths: ['build.yml', '.github/workflows/BUILD.yml'] }],
    ['workflow_path', fork, { ...forks, workflowPaths: ['.github/workflows/*.yml', '.*', '*'] }],
    ['base_ref', fork, { ...forks, baseRefs: ['mai', 'main2', 'Main', 'refs/heads/main'] }],
    ['author_association', fork, { ...forks, authorAssociations: ['OWNER', 'contributor'] }],
    ['pull_request', { ...fork, pullRequestState: 'closed' }, { ...forks, baseRefs: ['main'] }],
    ['pull_request', { ...fork, pullRequestState: 'closed' }, { ...forks, authorAssociations: ['CONTRIBUTOR'] }],
    ['pull_request', { ...fork, pullRequestState: 'closed' }, { ...forks, pullRequest: 'open' }],
    ['pull_request', without(fork, 'pullRequestState'), { ...forks, pullRequest: 'open' }],
    ['pull_request', without(fork, 'pullRequestNumber'), { ...forks, pullRequest: 'open' }],
    ['base_ref', without(fork, 'baseRef'), { ...forks, baseRefs: ['main'], pullRequest: 'any' }],
    ['proof_method', { ...fork, proofMethod: 'log' }, forks],
    ['proof_method', { ...fork, proofMethod: 'job-log' }, forks],
    ['proof_method', without(fork, 'proofMethod'), forks],
    ['proof_method', fork, { ...forks, proofMethods: ['step-name', 'log'] }],
    ['event', push, { ...trusted, events: ['workflow_dispatch'] }],
    ['ref', push, { ...trusted, refs: ['main', 'refs/heads/', 'refs/heads/main2'] }],
    ['mode', push, { ...trusted, mode: 'audit' }],
    ['mode', fork, { ...forks, mode: 'audit' }],
  ])('refuses by the rule %s (%#)', (rule, claims, relationship) => {
    const { admitted, grant, decisions } = decide(claims, relationship)
    expect([admitted, grant]).toEqual([false, undefined])
    expect(failedRules(decisions)).toContain(rule)
  })

  it.each<[string, keyof typeof fork | 'ref', RunClaims, object]>([
    ['workflow_path', 'workflowPath' as never, fork, { ...forks, workflowPaths: ['.github/workflows/build.yml'] }],
    ['base_ref', 'baseRef' as never, fork, { ...forks, baseRefs: ['main'] }],
    ['author_association', 'authorAssociation' as never, fork, { ...forks, authorAssociations: ['CONTRIBUTOR'] }],
    ['ref', 'ref', push, { ...trusted, refs: ['refs/heads/main'] }],
  ])('fails the rule %s when the claim is missing, and only then', (rule, member, claims, relationship) => {
    const { [member as 'run']: _left, ...without } = claims
    expect(decide(claims, relationship).admitted).toBe(true)
    const { admitted, decisions } = decide(without as RunClaims, relationship)
    expect(admitted).toBe(false)
    const failed = decisions[0]?.rules.filter(result => !result.passed)
    expect(failed).toEqual([{ rule, expected: expect.any(Array), passed: false }])
  })

  it.each<[string, RunClaims, object, object | undefined]>([
    ['nothing, where the rule asks nothing of it', fork, forks, undefined],
    ['that it is open', fork, { ...forks, authorAssociations: ['CONTRIBUTOR'] }, { number: '12' }],
    ['that it is open, said in words', fork, { ...forks, pullRequest: 'open' }, { number: '12' }],
    ['that it is open on its base', fork, { ...forks, baseRefs: ['main'] }, { number: '12', baseRef: 'main' }],
    ['nothing, where any will do', fork, { ...forks, baseRefs: ['main'], pullRequest: 'any' }, undefined],
    ['nothing of a trusted run', push, trusted, undefined],
  ])('demands of the pull request at a build’s start: %s', (_, claims, rule, demanded) => {
    const answer = decide(claims, rule)
    expect([answer.admitted, answer.pullRequest]).toEqual([true, demanded])
  })

  it('admits a closed pull request where no fact of it is asked for, and only by an artifact or a step name', () => {
    const admits = (changes: object) => decide({ ...fork, ...changes }, forks).admitted
    expect(admits({ pullRequestState: 'closed' })).toBe(true)
    expect(['artifact', 'step-name', 'log', 'job-log'].map(proofMethod => admits({ proofMethod }))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it.each([
    { proofMethods: [] },
    { proofMethods: ['title'] },
    { proofMethods: 'artifact' },
    { pullRequest: 'closed' },
    { pullRequest: true },
    { pullRequests: 'open' },
    { proofMethod: ['artifact'] },
  ])('knows no rule %j', rule => {
    expect(TrustRule.safeParse({ ...forks, ...rule }).success).toBe(false)
  })

  it('gives the safe default to rules that were stored before there was one', () => {
    expect(TrustRule.parse(forks)).toMatchObject({ proofMethods: ['artifact', 'step-name'] })
  })

  it.each([
    { ...trusted, proofMethods: ['artifact'] },
    { ...trusted, pullRequest: 'open' },
  ])('has no such rule for trusted runs', rule => {
    expect(TrustRule.safeParse(rule).success).toBe(false)
  })

  it.each(['pull_request', 'pull_request_target', 'workflow_run', 'issue_comment', 'release'])(
    'admits the event %s only where it is named',
    event => {
      const claims: RunClaims = { ...push, event }
      expect(decide(claims, trusted).admitted).toBe(false)
      expect(decide(claims, { ...trusted, events: [event] }).admitted).toBe(true)
    },
  )

  it('tells what a relationship on trial would have done', () => {
    const on = (...rules: object[]) => decide(push, ...rules).decisions.map(wouldAdmit)
    expect(on({ ...trusted, mode: 'audit' }, { ...trusted, mode: 'audit', refs: ['x'] })).toEqual([true, false])
  })

  it('names the rules that failed in the nearest relationships, and none of the others', () => {
    const { decisions } = decide(fork, { ...forks, baseRefs: ['x'] }, { ...trusted, repositoryId: '1', events: ['x'] })
    expect(failedRules(decisions)).toEqual(['base_ref'])
  })
})

const word = fc.constantFrom('main', 'next', 'push', 'schedule', 'CONTRIBUTOR', 'OWNER', 'a.yml', 'b.yml')
const list = fc.option(fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), { nil: undefined })
const id = fc.constantFrom('1', '2')
const mode = fc.constantFrom('enforce', 'audit')
const compact = (rule: object) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))
const anyRule = fc
  .oneof(
    fc.record({
      eventClass: fc.constant('fork_pull_request'),
      repositoryId: id,
      mode,
      workflowPaths: list,
      baseRefs: list,
      authorAssociations: list,
    }),
    fc.record({
      eventClass: fc.constant('trusted'),
      repositoryId: id,
      mode,
      workflowPaths: list,
      events: list,
      refs: list,
    }),
  )
  .map(compact)
const maybe = fc.option(word, { nil: undefined })
const anyClaims = fc
  .record({ repositoryId: id, workflowPath: maybe, baseRef: maybe, authorAssociation: maybe, event: word, ref: maybe })
  .chain(({ repositoryId, event, ref, ...fields }) =>
    fc.constantFrom(
      compact({ ...fork, ...fields, run: { ...fork.run, repositoryId } }) as unknown as RunClaims,
      compact({ ...push, ...fields, event, ref, run: { ...push.run, repositoryId } }) as unknown as RunClaims,
    ),
  )
const anyRules = fc.array(anyRule, { maxLength: 5 })
const seeded = { seed: 20_261_125, numRuns: 1_000 }

describe('evaluate, whatever the rules', () => {
  it('never admits more for a rule that was added to a relationship', () => {
    const narrowing = fc.constantFrom('workflowPaths', 'baseRefs', 'authorAssociations', 'refs')
    fc.assert(
      fc.property(anyRules, anyRule, anyClaims, narrowing, fc.uniqueArray(word, { minLength: 1 }), (...given) => {
        const [others, rule, claims, member, values] = given
        const own = rule['eventClass'] === 'trusted' ? ['workflowPaths', 'refs'] : ['workflowPaths', 'baseRefs']
        if (member in rule || !own.includes(member)) return
        const narrower = { ...rule, [member]: values }
        if (decide(claims, ...others, narrower).admitted) expect(decide(claims, ...others, rule).admitted).toBe(true)
      }),
      seeded,
    )
  })

  it('never admits more for a relationship that was removed', () => {
    fc.assert(
      fc.property(anyRules, fc.nat(4), anyClaims, (rules, at, claims) => {
        const fewer = rules.filter((_rule, index) => index !== at)
        if (decide(claims, ...fewer).admitted) expect(decide(claims, ...rules).admitted).toBe(true)
      }),
      seeded,
    )
  })

  it('does not depend on the order of relationships that do not admit', () => {
    fc.assert(
      fc.property(anyRules, anyRule, anyClaims, fc.nat(5), (rules, rule, claims, at) => {
        const unrelated = rules.filter(one => !decide(claims, one).admitted)
        const grants = [unrelated.toSpliced(at, 0, rule), [...unrelated.toReversed(), rule]].map(ordered => {
          const { admitted, grant } = decide(claims, ...ordered)
          return { admitted, grant }
        })
        expect(grants[0]).toEqual(grants[1])
      }),
      seeded,
    )
  })

  it('never gives a fork a project cache, and admits only within class and repository', () => {
    fc.assert(
      fc.property(anyRules, anyClaims, (rules, claims) => {
        const { admitted, relationshipId: by, grant } = decide(claims, ...rules)
        if (!admitted) {
          expect([by, grant]).toEqual([undefined, undefined])
          return
        }
        const rule = rules[letters.indexOf(by?.[4] ?? '')]
        expect(rule).toMatchObject({
          eventClass: claims.eventClass,
          repositoryId: claims.run.repositoryId,
          mode: 'enforce',
        })
        if (claims.eventClass === 'fork_pull_request') expect(grant?.cache).toBe('none')
      }),
      seeded,
    )
  })
})

describe('the type of a fork’s grant', () => {
  it('has no word for a project cache', () => {
    expect(TrustRule.safeParse({ ...forks, grant: { cache: 'project' } }).success).toBe(false)
  })
})
