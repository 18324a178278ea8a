import type { ResolvedAction } from '../action/resolve.ts'
import type { Step } from '../workflow-definition.ts'
import { initialScope } from './contexts.ts'
import { type DisplayName, initialDisplayName } from './display-name.ts'
import type { JobSession } from './session.ts'
import type { Post } from './step-process.ts'

interface Planned {
  step: Step
  name: DisplayName
  /** GITHUB_STATE of the step's action, shared by its stages. */
  state: Map<string, string>
}
export interface PlannedBody extends Planned {
  stage: 'pre' | 'main'
  action: ResolvedAction | undefined
}
export interface PlannedPost extends Planned {
  stage: 'post'
  post: Post
}
export type PlannedStep = PlannedBody | PlannedPost

/** The steps of a job that are known at its start, in the order they run: every `pre`, then every main. Posts come up later. */
export function planSteps(session: JobSession, actions: ReadonlyMap<Step, ResolvedAction>): PlannedBody[] {
  const scope = initialScope(session)
  const mains = session.job.steps.map((step): PlannedBody => {
    const action = actions.get(step)
    return { stage: 'main', step, action, name: initialDisplayName(step, scope), state: new Map() }
  })
  const pres = mains.filter(({ action }) => {
    const runs = action?.manifest.runs
    return runs?.using !== 'composite' && runs?.pre !== undefined
  })
  return [
    ...pres.map(
      (main): PlannedBody => ({ ...main, stage: 'pre', name: { text: `Pre ${main.name.text}`, final: true } }),
    ),
    ...mains,
  ]
}

/** The condition of a stage. Pre and post run always unless their manifest says otherwise. */
export function conditionOf(planned: PlannedStep): string | undefined {
  if (planned.stage === 'main') return planned.step.if
  if (planned.stage === 'post') return planned.post.condition
  const runs = planned.action?.manifest.runs
  return (runs?.using !== 'composite' ? runs?.['pre-if'] : undefined) ?? 'always()'
}
