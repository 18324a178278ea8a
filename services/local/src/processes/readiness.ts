import { connect } from 'node:net'
import type { GroupProcess } from './group-process.ts'

const probeMsMax = 2_000

/** How a child says that it can be used. A probe answers false for "not yet"; a thrown error counts as that too. */
export type ReadySign =
  | { readonly kind: 'log-line' }
  | { readonly kind: 'probe'; readonly what: string; readonly probe: (signal: AbortSignal) => Promise<boolean> }

/** A JSON log line with `"msg":"ready"`, which every service of ours prints once it is composed. */
export const readyLogLine: ReadySign = { kind: 'log-line' }

export function readyOverTcp(host: string, port: number): ReadySign {
  return {
    kind: 'probe',
    what: `tcp ${host}:${port}`,
    probe: signal =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, signal })
        socket.once('error', reject)
        socket.once('connect', () => {
          socket.destroy()
          resolve(true)
        })
      }),
  }
}

export function readyOverHttp(url: string): ReadySign {
  return {
    kind: 'probe',
    what: url,
    probe: async signal => {
      const response = await fetch(url, { signal, redirect: 'manual' })
      await response.body?.cancel()
      return response.ok
    },
  }
}

/** Probes once, in bounded time; never throws. */
export async function probeOnce(
  probe: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await probe(AbortSignal.any([signal, AbortSignal.timeout(probeMsMax)]))
  } catch {
    return false
  }
}

function isReadyLine(line: string): boolean {
  if (!line.startsWith('{') || !line.includes('"ready"')) return false
  try {
    return (JSON.parse(line) as { msg?: unknown }).msg === 'ready'
  } catch {
    return false
  }
}

/** Resolves at the first ready line, also when it was printed before this call. */
export function sawReadyLine(child: GroupProcess): Promise<true> {
  const { promise, resolve } = Promise.withResolvers<true>()
  const stop = child.onLine(line => {
    if (!isReadyLine(line)) return
    stop()
    resolve(true)
  })
  if (child.lastLines().some(isReadyLine)) {
    stop()
    resolve(true)
  }
  return promise
}
