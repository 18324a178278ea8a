import { describe, expect, it } from 'vitest'
import { natsServerTool, runcTool, temporalTool } from '../tools/tool-catalogue.ts'
import type { Machine } from './machine.ts'
import { planRequirements, type RequirementOptions } from './plan-requirements.ts'
import type { KernelFactName } from './requirement-table.ts'

const debian: Machine = {
  system: 'Debian GNU/Linux 12 (bookworm)',
  hasDebianPackages: true,
  hasAptGet: true,
  hasGo: true,
  isRoot: true,
  missingPrograms: new Set(),
  missingFacts: new Set(),
}
const ubuntu: Machine = { ...debian, system: 'Ubuntu 24.04.3 LTS' }
const fedora: Machine = { ...debian, system: 'Fedora Linux 43', hasDebianPackages: false, hasAptGet: false }

const without = (machine: Machine, programs: readonly string[], facts: readonly KernelFactName[] = []): Machine => ({
  ...machine,
  missingPrograms: new Set(programs),
  missingFacts: new Set(facts),
})
const plan = (machine: Machine, options: Partial<RequirementOptions> = {}) =>
  planRequirements(machine, {
    suites: ['builders', 'builds', 'start'],
    tools: [],
    command: 'npm test',
    install: true,
    ...options,
  })
const messageOf = (machine: Machine, options: Partial<RequirementOptions> = {}): string => {
  const planned = plan(machine, options)
  if (planned.action !== 'stop') throw new Error(`planned: ${planned.action}`)
  return planned.message
}

describe('a machine that has everything', () => {
  it.each([
    ['Debian', debian],
    ['Ubuntu', ubuntu],
    ['Fedora', fedora],
  ])('goes on: %s', (_, machine) => {
    expect(plan(machine)).toEqual({ action: 'go on' })
    expect(plan(machine, { install: false })).toEqual({ action: 'go on' })
  })
})

describe('root on Debian or Ubuntu', () => {
  it.each([debian, ubuntu])('gets what is missing installed: $system', machine => {
    expect(plan(without(machine, ['nft', 'dockerd', 'qemu-aarch64-static']))).toEqual({
      action: 'install',
      packages: ['docker.io', 'nftables', 'qemu-user-static'],
    })
  })

  it('gets a package once, however many of its programs are missing', () => {
    expect(plan(without(debian, ['unshare', 'nsenter', 'setpriv']))).toEqual({
      action: 'install',
      packages: ['util-linux'],
    })
  })

  it('gets nothing installed that the chosen suites do not need', () => {
    const machine = without(debian, ['nft', 'dockerd', 'openssl'])
    expect(plan(machine, { suites: ['claims', 'gateway'] })).toEqual({ action: 'go on' })
    expect(plan(machine, { suites: ['builds'] })).toEqual({ action: 'install', packages: ['docker.io', 'openssl'] })
  })

  it('gets nothing installed with --no-install', () => {
    expect(plan(without(debian, ['nft']), { install: false })).toMatchObject({ action: 'stop' })
  })

  it('gets nothing installed without apt-get', () => {
    expect(plan({ ...without(debian, ['nft']), hasAptGet: false })).toMatchObject({ action: 'stop' })
  })

  it.each(['loop', 'cgroups', 'namespaces', 'binfmt'] as const)(
    'gets nothing installed where the kernel lacks something all the same: %s',
    fact => {
      expect(plan(without(debian, ['nft'], [fact]))).toMatchObject({ action: 'stop' })
    },
  )

  it('is not told about kernel features that the chosen suites do not need', () => {
    const machine = without(debian, ['nft'], ['binfmt', 'loop'])
    expect(plan(machine, { suites: ['claims'] })).toEqual({ action: 'go on' })
    expect(messageOf(machine, { suites: ['start'] })).not.toContain('binfmt')
  })
})

describe('who cannot or may not install', () => {
  it('reads one list with what is missing, what for, and the command', () => {
    expect(messageOf(without(debian, ['nft', 'dockerd', 'openssl']), { install: false })).toBe(
      [
        'npm test cannot run here (Debian GNU/Linux 12 (bookworm)). Missing:',
        '  - nft: filters what builders reach (builders)',
        '  - dockerd: is started by the suites of the Docker driver, for themselves only (builders, builds)',
        '  - openssl: makes and checks test certificates (builders, builds)',
        'To get it:',
        '  apt-get install --no-install-recommends docker.io nftables openssl',
      ].join('\n'),
    )
  })

  it('is told to use sudo, and to be root where the suites need it', () => {
    const message = messageOf(without({ ...ubuntu, isRoot: false }, ['nft'], ['root']))
    expect(message).toContain('  sudo apt-get install --no-install-recommends nftables\n')
    expect(message).toContain(
      '  - root: builders get user ids, cgroups and disks of their own (builders, builds, start)',
    )
    expect(message).toContain('  root: run the command as root')
  })

  it('installs as a plain user nothing, even when only packages are missing', () => {
    const machine = without({ ...debian, isRoot: false }, ['bash'], ['root'])
    expect(messageOf(machine, { suites: ['claims'] })).toContain('sudo apt-get install --no-install-recommends bash')
    expect(messageOf(machine, { suites: ['claims'] })).not.toContain('- root')
  })

  it('reads Debian’s names on another system, as names and not as a command', () => {
    const message = messageOf(without(fedora, ['nft', 'dockerd']))
    expect(message).toContain('install what Debian calls docker.io, nftables with the package manager')
    expect(message).not.toContain('apt-get')
  })

  it('reads only the advice when no package is missing', () => {
    const message = messageOf(without(debian, [], ['loop']))
    expect(message).not.toContain('install')
    expect(message.split('\n').at(-1)).toMatch(/^ {2}loop devices: modprobe loop/)
  })
})

describe('tools that are still to be made', () => {
  const tools = [temporalTool, natsServerTool, runcTool]

  it('need Go and apt-get, and nothing more where both are', () => {
    expect(plan(debian, { tools })).toEqual({ action: 'go on' })
  })

  it('stop the command without Go, which is not installed: the packages are too old', () => {
    const message = messageOf({ ...debian, hasGo: false }, { tools })
    expect(message).toContain('  - go: builds temporal, nats-server\n')
    expect(message).toContain('  go: install version 1.26 or newer (https://go.dev/dl/)')
  })

  it('need no Go when they are there', () => {
    expect(plan({ ...debian, hasGo: false })).toEqual({ action: 'go on' })
    expect(plan({ ...debian, hasGo: false }, { tools: [runcTool] })).toEqual({ action: 'go on' })
  })

  it('are to be installed by hand where there is no apt-get to fetch them with', () => {
    expect(messageOf(fedora, { tools })).toContain('install what Debian calls runc with the package manager')
    expect(messageOf(fedora, { tools })).not.toContain('- go')
  })
})
