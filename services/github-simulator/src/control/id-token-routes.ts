import { z } from 'zod'
import { nativeClaims } from '../oidc/native-claims.ts'
import { StateProblem } from '../state/problem.ts'
import { isForkRun } from '../state/store.ts'
import type { ControlApp, ControlParts } from './control-app.ts'
import { idParams } from './schemas.ts'

const idTokenBody = z.strictObject({ audience: z.string().min(1).max(1_000) })

/** What a trusted job would be given, for jobs that nothing executes. A fork's job gets none, as at GitHub. */
export function registerIdTokenControl(app: ControlApp, { simulation, issuer }: ControlParts): void {
  app.post(
    '/_sim/jobs/:id/id-token',
    { schema: { summary: 'Sign the ID token that a trusted job gets', params: idParams, body: idTokenBody } },
    async request => {
      const { store, origin } = simulation
      const job = store.job(request.params.id)
      const run = store.run(job.runId)
      if (isForkRun(run)) throw new StateProblem(409, 'a fork’s run gets no ID token')
      const registered = { issuer: `${origin.base}/oidc`, audience: request.body.audience, nowMs: store.now() }
      return { value: await issuer.sign(nativeClaims(store, { job, run }), registered) }
    },
  )
}
