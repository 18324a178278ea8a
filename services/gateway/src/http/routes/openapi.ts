import type { GatewayApp } from '../app.ts'

export function openapiRoute(app: GatewayApp): void {
  app.get('/openapi.json', { schema: { hide: true }, handler: async () => app.swagger() })
}
