import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ArtifactStore, UploadInterruptedError } from '../claiming/claim-deps.ts'

// A privileged workflow that downloads every artifact of the run gets this one too, so its content is inert:
// docs/facts/github.md#artifacts
const content = 'The name of this artifact is a public challenge code. It holds nothing else and can be deleted.\n'

/**
 * The run's artifacts through GitHub's own client, authorised by the runtime token that only actions receive
 * (docs/facts/github.md#runtime-token). The client is most of the bundle and takes a tenth of a second to load;
 * `prepare` lets that happen while the claim is on its way.
 *
 * @param temporaryFolder the runner's own folder, which it empties after the job, also when the job is killed
 */
export function actionsArtifactStore(temporaryFolder: string = tmpdir()): ArtifactStore {
  let loading: Promise<typeof import('@actions/artifact')> | undefined
  const load = () => {
    loading ??= import('@actions/artifact')
    return loading
  }
  return {
    prepare() {
      // `upload` and `remove` report the failure. Unhandled here, it would end the process.
      load().catch(() => undefined)
    },
    async upload(name) {
      const { DefaultArtifactClient } = await load()
      const directory = await mkdtemp(path.join(temporaryFolder, 'forkproof-'))
      try {
        const file = path.join(directory, 'challenge.txt')
        await writeFile(file, content)
        await new DefaultArtifactClient().uploadArtifact(name, [file], directory, {
          retentionDays: 1,
          compressionLevel: 0,
        })
      } catch (error) {
        throw mayPass(error) ? new UploadInterruptedError() : error
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    },
    async remove(name) {
      const { DefaultArtifactClient } = await load()
      await new DefaultArtifactClient().deleteArtifact(name)
    },
  }
}

/**
 * The client throws a class of its own where the connection failed, and says it in words where GitHub's answer was one
 * to retry and it has retried enough. A full quota, the limit of artifacts and a forbidden upload are neither.
 */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    error.name === 'NetworkError' ||
    /Failed to make request after \d+ attempts|Unable to make request/.test(error.message)
  )
}
