import { existsSync } from 'node:fs'
import { rootFolder } from '@forkproof/layout/source-tree'
import { processEnvironment } from '@forkproof/local/config'
import { withSystemFolders } from '@forkproof/local/requirements/machine'
import { findOnSearchPath } from '@forkproof/local/tools/installed-tool'
import { describe, expect, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import { openStartHarness } from '../testing/start-harness.ts'
import { StartedProgram } from '../testing/started-program.ts'

/** Something that cannot be run lies over each of the first words, where only the rest of the words sees it. */
const hideAndRun = `
while [ "$1" != -- ]; do mount --bind /dev/null "$1"; shift; done
shift
exec "$@"
`

/** Runs the command as a user would on this machine without those programs. */
async function runWithout(
  programs: readonly string[],
  command: readonly string[],
  settings: Readonly<Record<string, string>> = {},
) {
  const searchPath = withSystemFolders(processEnvironment()['PATH'])
  const hidden = await Promise.all(programs.map(name => findOnSearchPath(name, searchPath)))
  const words = ['--mount', 'sh', '-c', hideAndRun, 'sh', ...hidden.flat(), '--', ...command]
  const inherited = Object.entries(processEnvironment()).filter(([name]) => !/^(FORKPROOF_|VITEST|CI$)/.test(name))
  const env = { ...Object.fromEntries(inherited), npm_config_update_notifier: 'false', ...settings }
  const program = new StartedProgram('unshare', words, { cwd: rootFolder, env })
  afterFile(() => program.destroy())
  return program.exited
}

const npmTest = (...words: string[]) => ['npm', 'run', '--silent', 'test', '--', ...words]
const vitestBegan = 'RUN'

describe('npm test -- --no-install on a machine that lacks programs', () => {
  it('prints one list with what for and the command, and stops before any test', async () => {
    const { code, stdout, stderr } = await runWithout(
      ['nft', 'dockerd'],
      npmTest('--no-install', 'builders', 'gateway'),
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^npm test cannot run here \(.+\)\. Missing:\n/)
    expect(stderr).toContain('  - nft: filters what builders reach (builders)\n')
    expect(stderr).toContain('  - dockerd: ')
    expect(stderr).toMatch(/To get it:\n {2}.*docker\.io,? nftables/)
    expect(stderr).not.toContain('openssl')
  })

  it('runs suites that need none of them, up to the closing line', async () => {
    const { code, stdout } = await runWithout(['nft', 'dockerd'], npmTest('--no-install', 'command', '-t', 'refuse'))
    expect(code).toBe(0)
    expect(stdout).toContain(vitestBegan)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^5 passed, 0 failed, \d+ skipped$/)
  })

  it('knows no suite of another name, and lists those that there are', async () => {
    const { code, stdout, stderr } = await runWithout([], npmTest('claim'))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^there is no suite claim\n/)
    expect(stderr).toContain('\n  claims ')
  })
})

describe('npm start -- --no-install on a machine that lacks programs', () => {
  it('prints the same list, and starts nothing', async () => {
    const { settings, stateFolder } = await openStartHarness()
    const command = ['npm', 'start', '--silent', '--', '--once', '--json', '--no-install']
    const { code, stdout, stderr } = await runWithout(['mkfs.ext4'], command, settings)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^npm start cannot run here \(.+\)\. Missing:\n {2}- mkfs\.ext4: .* \(start\)\n/)
    expect(stderr).toMatch(/e2fsprogs\n$/)
    expect(existsSync(`${stateFolder}/lock`)).toBe(false)
  })
})
