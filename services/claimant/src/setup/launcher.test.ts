import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { batchQuoted, launcherFiles, pathsOf, shellQuoted, toolFolder } from './launcher.ts'

describe('what starts the command line', () => {
  it.each(['Linux', 'macOS'] as const)('is one file for a POSIX shell on %s, which need not be bash', os => {
    expect(launcherFiles(os, '/__e/node24/bin/node', '/t/forkproof-cli.mjs')).toEqual([
      { name: 'forkproof', text: `#!/bin/sh\nexec '/__e/node24/bin/node' '/t/forkproof-cli.mjs' "$@"\n` },
    ])
  })

  it('is on Windows one for PowerShell and cmd, and one for Git’s bash', () => {
    const node = path.win32.join('C:\\', 'actions runner', 'externals', 'node24', 'bin', 'node.exe')
    expect(launcherFiles('Windows', node, 'D:\\a\\_temp\\50% off\\forkproof-cli.mjs')).toEqual([
      {
        name: 'forkproof',
        text: `#!/bin/sh\nexec 'C:\\actions runner\\externals\\node24\\bin\\node.exe' 'D:\\a\\_temp\\50% off\\forkproof-cli.mjs' "$@"\n`,
      },
      {
        name: 'forkproof.cmd',
        text: `@"C:\\actions runner\\externals\\node24\\bin\\node.exe" "D:\\a\\_temp\\50%% off\\forkproof-cli.mjs" %*\r\n`,
      },
    ])
  })

  it.each([
    ['/a b', `'/a b'`],
    ["/it's", `'/it'\\''s'`],
    ['/$(id)`id`"', `'/$(id)\`id\`"'`],
  ])('quotes %s for a shell', (text, quoted) => {
    expect(shellQuoted(text)).toBe(quoted)
  })

  it.each([
    ['C:\\a b', '"C:\\a b"'],
    ['C:\\%PATH%', '"C:\\%%PATH%%"'],
    ['C:\\a&b|c^d', '"C:\\a&b|c^d"'],
  ])('quotes %s for a batch file', (text, quoted) => {
    expect(batchQuoted(text)).toBe(quoted)
  })
})

describe('the tool cache', () => {
  it.each([
    ['Linux', '/opt/hostedtoolcache', 'X64', '/opt/hostedtoolcache/forkproof/1.2.3/X64'],
    ['macOS', '/Users/runner/hostedtoolcache', 'ARM64', '/Users/runner/hostedtoolcache/forkproof/1.2.3/ARM64'],
    ['Windows', 'C:\\hostedtoolcache\\windows', 'X64', 'C:\\hostedtoolcache\\windows\\forkproof\\1.2.3\\X64'],
  ] as const)('has a folder per version and architecture on %s', (os, cache, arch, folder) => {
    expect(toolFolder(os, cache, '1.2.3', arch)).toBe(folder)
    expect(pathsOf(os).isAbsolute(folder)).toBe(true)
  })
})
