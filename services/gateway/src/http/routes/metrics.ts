import type { GatewayApp, RouteDeps } from '../app.ts'

export function metricsRoute(app: GatewayApp, { metrics, held }: RouteDeps): void {
  app.get('/metrics', {
    schema: { hide: true },
    handler: async (_request, reply) => {
      metrics.held.set(held.count)
      return reply.type(metrics.contentType).send(await metrics.render())
    },
  })
}
