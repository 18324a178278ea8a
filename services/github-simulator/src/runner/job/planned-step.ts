import type { ResolvedAction } from '../action/resolve-action.ts'
import type { StepDefinition } from '../workflow-definition.ts'
import { type DisplayName, initialDisplayName } from './display-name.ts'
import type { JobSession } from './job-session.ts'
import { initialScope } from './step-contexts.ts'
import type { PostAction } from './step-process.ts'

interface Planned {
  step: StepDefinition
  name: DisplayName
  /** GITHUB_STATE of the step's action, shared by its stages. */
  state: Map<string, string>
}
interface PlannedBody extends Planned {
  stage: 'pre' | 'main'
  action: ResolvedAction | undefined
}
export interface PlannedPost extends Planned {
  stage: 'post'
  post: PostAction
}
export type PlannedStep = PlannedBody | PlannedPost

/** The steps of a job that are known at its start, in order: every `pre`, then every main. Posts are added later. */
export function planSteps(session: JobSession, actions: ReadonlyMap<StepDefinition, ResolvedAction>): PlannedBody[] {
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
