import { z } from 'zod'
import type { GatewayApp, RouteDeps } from '../app.ts'

const HealthAnswer = z.object({ status: z.literal('ok') })
const ReadinessAnswer = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.boolean()) })

export function healthRoutes(app: GatewayApp, { readiness }: RouteDeps): void {
  app.get('/healthz', {
    schema: { summary: 'The process is alive', response: { 200: HealthAnswer } },
    handler: async () => ({ status: 'ok' as const }),
  })
  app.get('/readyz', {
    schema: {
      summary: 'Everything a claim needs is reachable',
      response: { 200: ReadinessAnswer, 503: ReadinessAnswer },
    },
    handler: async (_request, reply) => {
      const checks = { ...(await readiness()) }
      const ready = Object.values(checks).every(Boolean)
      if (!ready) reply.header('retry-after', '2')
      return reply.code(ready ? 200 : 503).send({ ready, checks })
    },
  })
}
