import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@forkproof/infra/log'
import type { z } from 'zod'

/** Larger is no record of ours. */
const recordBytesMax = 131_072
const draftEnding = '.json.new'

/** Durable small documents by key. */
export interface Records<R> {
  load(): Promise<readonly R[]>
  /** Durable when it resolves, in this or a newer form. */
  save(key: string, record: R): Promise<void>
  remove(key: string): Promise<void>
}

/**
 * One JSON file per record: written beside, flushed and renamed, so that a crash or a power cut leaves the old or the
 * new one. Changes of one key are written one after the other, and of those that wait only the newest. A file that
 * cannot be read is renamed to `.bad`. One process owns the folder: drafts of one that was killed are removed.
 */
export async function openRecordFolder<S extends z.ZodType>(options: {
  folder: string
  schema: S
  log: Logger
}): Promise<Records<z.output<S>>> {
  const { folder, schema, log } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await removeDrafts(folder)
  const writes = createWriteOrder((key, text) => (text === undefined ? erase(folder, key) : write(folder, key, text)))
  return {
    load: async () => {
      const names = (await readdir(folder)).filter(name => name.endsWith('.json'))
      const found = await Promise.all(names.map(name => read(join(folder, name), schema, log)))
      return found.filter(record => record !== undefined)
    },
    save: (key, record) => writes(key, JSON.stringify(record)),
    remove: key => writes(key, undefined),
  }
}

async function removeDrafts(folder: string): Promise<void> {
  const drafts = (await readdir(folder)).filter(name => name.endsWith(draftEnding))
  await Promise.all(drafts.map(name => rm(join(folder, name), { force: true })))
}

async function read<S extends z.ZodType>(path: string, schema: S, log: Logger): Promise<z.output<S> | undefined> {
  try {
    if ((await stat(path)).size > recordBytesMax) throw new Error('too large')
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (err) {
    log.error({ path, err }, 'a record cannot be read and was set aside')
    await rename(path, `${path}.bad`)
    return undefined
  }
}

async function write(folder: string, key: string, text: string): Promise<void> {
  const draft = join(folder, `${key}${draftEnding}`)
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, join(folder, `${key}.json`))
  await flushFolder(folder)
}

async function erase(folder: string, key: string): Promise<void> {
  await rm(join(folder, `${key}.json`), { force: true })
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

type RecordWrite = (key: string, text: string | undefined) => Promise<void>

function createWriteOrder(write: RecordWrite): RecordWrite {
  const newest = new Map<string, string | undefined>()
  const tails = new Map<string, Promise<void>>()
  const flush = async (key: string) => {
    if (!newest.has(key)) return
    const text = newest.get(key)
    await write(key, text)
    if (newest.get(key) === text) newest.delete(key)
  }
  return (key, text) => {
    newest.set(key, text)
    const before = tails.get(key) ?? Promise.resolve()
    const work = before.catch(() => undefined).then(() => flush(key))
    tails.set(key, work)
    const forget = () => {
      if (tails.get(key) === work) tails.delete(key)
    }
    work.then(forget, forget)
    return work
  }
}
