import { primaryLimit } from './reject-request.ts'
import { okAnswer, type RestAnswer } from './rest-answer.ts'
import type { RestCall } from './rest-call.ts'

/** Reading the limits costs nothing. Version 2026-03-10 has no top-level `rate` (docs/facts/github.md#api-versions). */
export function getRateLimit(call: RestCall): RestAnswer {
  const quota = call.state.limits.read(call.viewer, primaryLimit(call), call.now)
  const core = { limit: quota.limit, used: quota.used, remaining: quota.remaining, reset: quota.reset }
  const search = { limit: 30, used: 0, remaining: 30, reset: quota.reset }
  const resources = { core, search, graphql: { ...core, used: 0, remaining: core.limit } }
  return okAnswer(call.apiVersion === '2022-11-28' ? { resources, rate: core } : { resources })
}

export function getMeta(_call: RestCall): RestAnswer {
  return okAnswer({
    verifiable_password_authentication: false,
    hooks: ['127.0.0.0/8'],
    web: ['127.0.0.0/8'],
    api: ['127.0.0.0/8'],
    actions: ['127.0.0.0/8'],
    domains: { website: ['*.localhost'] },
  })
}
