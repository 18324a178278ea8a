import { type Answer, ok, type RestCall } from './answer.ts'
import { primaryLimit } from './refusal.ts'

/** Reading the limits costs nothing. Since version 2026-03-10 there is no top-level `rate` any more (facts C6). */
export function getRateLimit(call: RestCall): Answer {
  const quota = call.simulation.limits.read(call.viewer, primaryLimit(call), call.now)
  const core = { limit: quota.limit, used: quota.used, remaining: quota.remaining, reset: quota.reset }
  const search = { limit: 30, used: 0, remaining: 30, reset: quota.reset }
  const resources = { core, search, graphql: { ...core, used: 0, remaining: core.limit } }
  return ok(call.apiVersion === '2022-11-28' ? { resources, rate: core } : { resources })
}

export function getMeta(_call: RestCall): Answer {
  return ok({
    verifiable_password_authentication: false,
    hooks: ['127.0.0.0/8'],
    web: ['127.0.0.0/8'],
    api: ['127.0.0.0/8'],
    actions: ['127.0.0.0/8'],
    domains: { website: ['*.localhost'] },
  })
}
