import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { deliveryParams, idParams, webhookBody } from './request-schemas.ts'

type Hook = ReturnType<WebhookSender['hook']>

export function registerWebhookControl(app: ControlApp, { webhooks }: ControlDeps): void {
  app.post(
    '/_sim/webhooks',
    { schema: { summary: 'Tell an address of this machine what happens; greets it with a ping', body: webhookBody } },
    (request, reply) => reply.status(201).send(describeHook(webhooks.add(request.body))),
  )
  app.get('/_sim/webhooks', { schema: { summary: 'Known webhooks, without their secrets' } }, () =>
    webhooks.list().map(describeHook),
  )
  app.delete('/_sim/webhooks/:id', { schema: { summary: 'Forget a webhook', params: idParams } }, (request, reply) => {
    webhooks.remove(webhooks.hook(request.params.id))
    return reply.status(204).send()
  })
  app.get(
    '/_sim/webhooks/:id/deliveries',
    { schema: { summary: 'What was sent or dropped, oldest first', params: idParams } },
    request => webhooks.hook(request.params.id).deliveries.map(describeDelivery),
  )
  app.post(
    '/_sim/webhooks/:id/deliveries/:delivery/redeliver',
    { schema: { summary: 'Send the same body under the same id again', params: deliveryParams } },
    (request, reply) => {
      const hook = webhooks.hook(request.params.id)
      return reply.status(202).send(describeDelivery(webhooks.redeliver(hook, request.params.delivery)))
    },
  )
}

function describeHook({ id, url, events, repositoryId, appId }: Hook) {
  return { id, url, events, repositoryId, appId }
}

function describeDelivery({ at, body, ...delivery }: Hook['deliveries'][number]) {
  return { ...delivery, at: new Date(at).toISOString(), body: JSON.parse(body) as unknown }
}
