import { open } from 'node:fs/promises'

/** GitHub cuts off webhook payloads at 25 MB. */
const eventFileBytesMax = 26_214_400

/** Reads the event that started the run. Undefined if there is no such file or it is larger than any event. */
export async function readEventFile(file: string | undefined): Promise<string | undefined> {
  if (!file) return undefined
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return undefined
  try {
    const stat = await handle.stat()
    return stat.isFile() && stat.size <= eventFileBytesMax ? await handle.readFile('utf8') : undefined
  } finally {
    await handle.close()
  }
}
