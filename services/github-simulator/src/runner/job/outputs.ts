import { interpolate } from '../expression/evaluate.ts'
import { type Frame, stepScope } from './contexts.ts'
import { describeFailure } from './failure.ts'
import type { JobSession } from './session.ts'

/** Evaluates the job's outputs. One that holds a secret is left out: another job would print it without knowing (facts B0). */
export function evaluateJobOutputs(session: JobSession, frame: Frame, stepNumber: number): Record<string, string> {
  const scope = stepScope(session, frame, Object.fromEntries(session.environment))
  const outputs: Record<string, string> = {}
  for (const [name, template] of Object.entries(session.job.outputs ?? {})) {
    try {
      const value = interpolate(template, scope)
      if (session.masker.contains(value)) {
        session.feed.warning(stepNumber, `Skip output '${name}' since it may contain secret.`)
      } else if (value !== '') {
        outputs[name] = value
      }
    } catch (error) {
      session.feed.error(stepNumber, `Output '${name}': ${describeFailure(session, error)}`)
      if (session.status === 'success') session.status = 'failure'
    }
  }
  return outputs
}
