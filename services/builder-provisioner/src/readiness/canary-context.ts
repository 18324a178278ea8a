import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const dockerfile = `FROM scratch
COPY probe /probe
RUN --mount=type=secret,id=targets,required=true ["/probe","unreachable","@/run/secrets/targets"]
`

/** Makes the folder of the canary image anew. The probe is its only program: no registry is needed. */
export async function makeCanaryContext(folder: string, probePath: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await copyFile(probePath, join(folder, 'probe'))
  await chmod(join(folder, 'probe'), 0o755)
  await writeFile(join(folder, 'Dockerfile'), dockerfile)
  return folder
}
