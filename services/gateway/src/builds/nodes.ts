import type { Egress, Platform } from '@forkproof/contracts/builder'
import { AppError } from '@forkproof/contracts/errors'
import { NodeAnnouncement } from '@forkproof/contracts/events'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Nodes } from './ports.ts'

const rememberedMs = 2_000
/** A fleet that is larger needs an index, not a list. */
const nodesMax = 200

/** Reads the announcements at most every two seconds, however many builds are asked for. */
export function rememberedNodes(bucket: Pick<Bucket, 'keys' | 'get'>, clock: Clock): Nodes {
  let last: { readonly atMs: number; readonly nodes: Promise<readonly NodeAnnouncement[]> } | undefined
  return {
    announced: () => {
      if (last && clock.now() - last.atMs < rememberedMs) return last.nodes
      const nodes = readAll(bucket)
      last = { atMs: clock.now(), nodes }
      nodes.catch(() => {
        if (last?.nodes === nodes) last = undefined
      })
      return nodes
    },
  }
}

async function readAll(bucket: Pick<Bucket, 'keys' | 'get'>): Promise<readonly NodeAnnouncement[]> {
  const keys = (await bucket.keys()).slice(0, nodesMax)
  const entries = await Promise.all(keys.map(key => bucket.get(key)))
  return entries.flatMap(entry => {
    const announcement = entry && readAnnouncement(entry.value)
    return announcement ? [announcement] : []
  })
}

/** A node of the next release says more; one that says what this release cannot read must not hide the others. */
function readAnnouncement(text: string): NodeAnnouncement | undefined {
  try {
    return NodeAnnouncement.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** @throws AppError platform_unavailable or egress_unavailable */
export function checkOffer(nodes: readonly NodeAnnouncement[], platform: Platform, egress?: Egress): void {
  const fitting = nodes.filter(node => node.platforms.some(one => one.platform === platform))
  if (fitting.length === 0) throw new AppError('platform_unavailable', { detail: platform })
  if (egress !== undefined && !fitting.some(node => node.egress.includes(egress))) {
    throw new AppError('egress_unavailable', { detail: `${platform} with egress ${egress}` })
  }
}
