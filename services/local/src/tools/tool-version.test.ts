import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { natsServerTool, temporalTool, verifyTokenTool } from './tool-catalogue.ts'
import { isAtLeast, parseVersion } from './tool-version.ts'

test.each([
  ['nats-server: v2.12.4', [2, 12, 4]],
  ['go version go1.26.8 linux/amd64', [1, 26, 8]],
])('a version is read out of %j', (text, version) => {
  expect(parseVersion(text)).toEqual(version)
})

test.each(['', 'v2.12', 'version unknown', '1..2', '9999999.0'])('there is no version in %j', text => {
  expect(parseVersion(text)).toBeUndefined()
})

test.each([
  [[2, 12, 0], true],
  [[2, 12, 1], true],
  [[2, 14, 0], true],
  [[3, 0, 0], true],
  [[2, 11, 99], false],
  [[1, 99, 99], false],
] as const)('%j against the minimum 2.12.0 is %s', (version, fits) => {
  expect(isAtLeast(version, [2, 12, 0])).toBe(fits)
})

test.each([
  ['temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', [1, 29, 1]],
  ['temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)', [1, 29, 1]],
  ['temporal version 1.5.1', undefined],
])('Temporal is judged by the server inside: %j', (answer, version) => {
  expect(temporalTool.installed?.versionIn(answer)).toEqual(version)
})

test('every tool has its pinned module in the repository', () => {
  for (const tool of [temporalTool, natsServerTool, verifyTokenTool()]) {
    expect(existsSync(`${tool.moduleFolder}/go.mod`)).toBe(true)
    expect(existsSync(`${tool.moduleFolder}/go.sum`)).toBe(true)
  }
})
