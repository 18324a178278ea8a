import { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { buildkitToml } from '../buildkit-toml.ts'
import type { BuilderSpec } from '../driver.ts'
import { capabilityMask, containerRequest } from './container-request.ts'

const nowMs = 1_790_000_000_000
const spec: BuilderSpec = {
  builderId: BuilderId.parse('babcdefghijk'),
  platform: 'linux/amd64',
  egress: 'none',
  kind: { class: 'ephemeral' },
  limits: { cpus: 1.5, memoryBytes: 2_000_000_000, pids: 300, diskBytes: 5_000_000_000 },
  endsAtMs: nowMs + 90_500,
}
const folders = { state: '/s/state', socket: '/s/socket', config: '/s/buildkitd.toml' }
const bodyOf = (more: Partial<BuilderSpec> = {}, hasAppArmor = false) =>
  containerRequest({ spec: { ...spec, ...more }, nodeId: 'node-1', imageId: 'sha256:1', folders, hasAppArmor, nowMs })

describe('the container of a builder', () => {
  it('has every bound of the specification, and no swap on top of its memory', () => {
    expect(bodyOf().HostConfig).toMatchObject({
      Memory: 2_000_000_000,
      MemorySwap: 2_000_000_000,
      CpuQuota: 150_000,
      CpuPeriod: 100_000,
      PidsLimit: 300,
    })
  })

  it.each(['none', 'internet'] as const)('has no network of Docker’s with egress %s', egress => {
    expect(bodyOf({ egress }).HostConfig.NetworkMode).toBe('none')
  })

  it('is never privileged, never in the machine’s user namespace, and cannot change its image', () => {
    expect(bodyOf().HostConfig).toMatchObject({
      Privileged: false,
      UsernsMode: '',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      RestartPolicy: { Name: 'no' },
    })
    expect(bodyOf().HostConfig.SecurityOpt).toContain('no-new-privileges')
  })

  it('holds neither the network nor tracing among its capabilities', () => {
    const added = bodyOf().HostConfig.CapAdd
    for (const name of ['NET_ADMIN', 'SYS_PTRACE', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_TIME', 'SYS_BOOT', 'BPF'])
      expect(added).not.toContain(name)
    expect(capabilityMask & (1n << 12n)).toBe(0n)
    expect(capabilityMask.toString(16)).toBe('a82425fb')
  })

  it('has no volume and no socket of the machine: its own three places only', () => {
    const mounts = bodyOf().HostConfig.Mounts
    expect(mounts.map(({ Type, Source, ReadOnly }) => ({ Type, Source, ReadOnly }))).toEqual([
      { Type: 'bind', Source: '/s/state', ReadOnly: false },
      { Type: 'bind', Source: '/s/socket', ReadOnly: false },
      { Type: 'bind', Source: '/s/buildkitd.toml', ReadOnly: true },
    ])
  })

  it('is told how long it may live, in whole seconds and never none', () => {
    expect(bodyOf().Entrypoint.at(4)).toBe('91')
    expect(bodyOf({ endsAtMs: nowMs - 1 }).Entrypoint.at(4)).toBe('1')
  })

  it('listens on a unix socket and on nothing else', () => {
    const addresses = bodyOf().Cmd.filter(word => word.includes('://'))
    expect(addresses).toEqual(['unix:///forkproof/socket/buildkitd.sock'])
  })

  it('filters system calls by a list of its own, and leaves keyctl, which runc needs', () => {
    const option = bodyOf().HostConfig.SecurityOpt.find(one => one.startsWith('seccomp=')) ?? ''
    const profile: unknown = JSON.parse(option.slice('seccomp='.length))
    expect(profile).toMatchObject({ defaultAction: 'SCMP_ACT_ALLOW' })
    for (const name of ['bpf', 'ptrace', 'kexec_load', 'userfaultfd', 'open_by_handle_at', 'io_uring_setup'])
      expect(option).toContain(`"${name}"`)
    expect(option).not.toContain('"keyctl"')
  })

  it('gives up AppArmor’s default profile only where there is AppArmor', () => {
    expect(bodyOf({}, true).HostConfig.SecurityOpt).toContain('apparmor=unconfined')
    expect(bodyOf().HostConfig.SecurityOpt.join()).not.toContain('apparmor')
  })
})

describe('the configuration of BuildKit', () => {
  const project = { class: 'project', projectId: ProjectId.parse('prj_abcdefghijklmnop') } as const

  it('grants no entitlement and no device to anybody', () => {
    expect(buildkitToml(spec, [])).toContain('insecure-entitlements = []')
    expect(buildkitToml(spec, [])).toContain('[cdi]\ndisabled = true')
  })

  it('has no frontend but its own without egress, and Docker’s own with it', () => {
    expect(buildkitToml(spec, [])).toContain('[frontend."gateway.v0"]\nenabled = false')
    expect(buildkitToml({ ...spec, egress: 'internet' }, [])).toContain('allowedRepositories = ["docker/dockerfile"]')
  })

  it('names resolvers only where there is a way to them', () => {
    expect(buildkitToml(spec, ['192.0.2.53'])).not.toContain('nameservers')
    expect(buildkitToml({ ...spec, egress: 'internet' }, ['192.0.2.53'])).toContain('nameservers = ["192.0.2.53"]')
  })

  it('collects garbage only where state is kept, below the disk’s bound', () => {
    expect(buildkitToml(spec, [])).toContain('gc = false')
    const kept = buildkitToml({ ...spec, kind: project }, [])
    expect(kept).toContain('gc = true\nmaxUsedSpace = 4000000000')
  })

  it('builds for the platform of the builder where a client names none, also where that is not the machine’s', () => {
    const platforms = ['linux/amd64', 'linux/arm64'] as const
    const lines = platforms.map(platform => /^platforms = .*$/m.exec(buildkitToml({ ...spec, platform }, []))?.[0])
    expect(lines).toEqual(
      process.arch === 'arm64'
        ? ['platforms = ["linux/amd64"]', undefined]
        : [undefined, 'platforms = ["linux/arm64"]'],
    )
  })

  it('opens no port', () => {
    expect(buildkitToml({ ...spec, egress: 'internet', kind: project }, ['192.0.2.53'])).not.toMatch(
      /address|tcp|debug/i,
    )
  })
})
