import { connect, type Socket } from 'node:net'
import { type BuilderEndpoint, connectOptionsOf } from '../state/builder-endpoint.ts'

/**
 * Carries bytes both ways between a client and a builder until both are done. Nothing of them (HTTP/2) is parsed.
 * Each side is read only as fast as the other takes it. The end of one is passed on, and its loss cuts the other.
 */
export function pipeToBuilder(client: Socket, endpoint: BuilderEndpoint, halfOpenMsMax: number): void {
  const builder = connect({ ...connectOptionsOf(endpoint), allowHalfOpen: true })
  let timer: NodeJS.Timeout | undefined
  const finishSoon = () => {
    timer ??= setTimeout(() => {
      client.destroy()
      builder.destroy()
    }, halfOpenMsMax)
  }
  const join = (from: Socket, to: Socket) => {
    from.pipe(to)
    from.once('end', finishSoon)
    // An error is followed by `close`, which is where it is acted on.
    from.on('error', () => {})
    from.once('close', () => {
      if (to.closed) return clearTimeout(timer)
      finishSoon()
      // What the closed side has said is still delivered.
      to.destroySoon()
    })
  }
  join(client, builder)
  join(builder, client)
}
