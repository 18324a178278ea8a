import { z } from 'zod'
import { nativeClaims } from '../oidc/native-claims.ts'
import { isRestrictedRun } from '../store/dependabot-runs.ts'
import { StateProblem } from '../store/state-problem.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { idParams } from './request-schemas.ts'

const idTokenBody = z.strictObject({ audience: z.string().min(1).max(1_000) })

/** The ID token of a trusted job that nothing executes. A job of a fork or of Dependabot gets none, as on GitHub. */
export function registerIdTokenControl(app: ControlApp, { state, issuer }: ControlDeps): void {
  app.post(
    '/_sim/jobs/:id/id-token',
    { schema: { summary: 'Sign the ID token that a trusted job gets', params: idParams, body: idTokenBody } },
    async request => {
      const { store, origin } = state
      const job = store.job(request.params.id)
      const run = store.run(job.runId)
      if (isRestrictedRun(store, run)) throw new StateProblem(409, 'a run of a fork or of Dependabot gets no ID token')
      const registered = { issuer: `${origin.base}/oidc`, audience: request.body.audience, nowMs: store.now() }
      return { value: await issuer.sign(nativeClaims(store, { job, run }), registered) }
    },
  )
}
