import type { FastifyRequest } from 'fastify'
import type { GatewayApp } from '../app.ts'
import { httpLimits } from '../limits.ts'

/** Routes that need no body take any small one and drop it: old clients and proxies send empty bodies of every type. */
export function ignoringBody(app: GatewayApp, addRoutes: (scope: GatewayApp) => void): void {
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: httpLimits.ignoredBodyBytesMax },
      (_request: FastifyRequest, _body: Buffer, parsed: (error: null) => void) => parsed(null),
    )
    addRoutes(scope)
    done()
  })
}
