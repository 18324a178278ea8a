import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStateFolder } from './state-folder.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forkproof-state-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

test('the folder is made for the user alone', async () => {
  const state = await openStateFolder(join(root, '.forkproof'), 'FORKPROOF_STATE_FOLDER')
  expect((await stat(state.path)).mode & 0o777).toBe(0o700)
  expect((await stat(state.logs)).isDirectory()).toBe(true)
  await state.release()
})

test('a second start says who runs and how to run beside it', async () => {
  const state = await openStateFolder(root, 'FORKPROOF_STATE_FOLDER')
  await expect(openStateFolder(root, 'FORKPROOF_STATE_FOLDER')).rejects.toThrow(
    new RegExp(`already running as process ${process.pid}.*FORKPROOF_STATE_FOLDER`),
  )
  await state.release()
  await (await openStateFolder(root, 'FORKPROOF_STATE_FOLDER')).release()
})
