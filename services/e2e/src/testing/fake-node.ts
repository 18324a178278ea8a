import { BuilderCommand, type BuilderEvent, type NodeAnnouncement } from '@forkproof/contracts/events'
import { NodeId } from '@forkproof/contracts/ids'
import { buckets, consumers, streams, subjects } from '@forkproof/contracts/subjects'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import { eventsOf } from '@forkproof/workflows/builds/testing/sample-build'
import { afterFile } from './after-file.ts'
import { openBus } from './partial-system-harness.ts'

const nodeId = NodeId.parse('node-1')

/** A node on the real bus with the provisioner's rights and no builders. Its answers are the test's. */
export async function openFakeNode(system: LocalSystem) {
  const bus = await openBus(system, 'provisioner')
  const stop = new AbortController()
  const commands: BuilderCommand[] = []
  const publish = (event: BuilderEvent) => bus.store(subjects.builderEvent(event), JSON.stringify(event), event.id)
  const node = {
    commands,
    /** Says that it runs builders. The bucket forgets that after a minute. */
    announce: async (): Promise<void> => {
      const announcement: NodeAnnouncement = {
        nodeId,
        driver: 'fake',
        isolation: [],
        platforms: [{ platform: 'linux/amd64', emulated: false }],
        egress: ['none'],
        capacity: 8,
        running: 0,
        waiting: 0,
        warm: 0,
        missing: [],
        announcedAtMs: Date.now(),
      }
      await (await bus.bucket(buckets.nodes)).set(nodeId, JSON.stringify(announcement))
    },
    publish,
    /** Any text on the stream of builders. */
    publishText: (text: string, id: string) => bus.store('forkproof.builder.ready', text, id),
    /** Answers a command that was taken from the queue. */
    answer: async (command: BuilderCommand): Promise<void> => {
      const from = eventsOf(command.data)
      if (command.type === 'forkproof.builder.released.v1') return publish(from.destroyed(command.data.reason))
      await publish(from.accepted())
      await publish(from.ready())
    },
    commandsOf: (buildId: string) => commands.filter(({ subject }) => subject === buildId),
  }
  const drawn = [consumers.builderRequests('linux/amd64', 'ephemeral'), consumers.builderReleases(nodeId)]
  const consuming = drawn.map(consumer =>
    bus.consume(
      { stream: streams.builderCommands, consumer, concurrency: 8, signal: stop.signal },
      async ({ text }) => {
        const command = BuilderCommand.parse(JSON.parse(text))
        commands.push(command)
        await node.answer(command)
        return 'done'
      },
    ),
  )
  afterFile(async () => {
    stop.abort()
    await Promise.all(consuming)
  })
  return node
}
