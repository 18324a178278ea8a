import { describe, expect, it } from 'vitest'
import { hasDebianPackages, hasWritableCgroups, osRelease, withSystemFolders } from './machine.ts'

describe('os-release', () => {
  it.each([
    ['Debian', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', true],
    ['Ubuntu', 'ID=ubuntu\nID_LIKE=debian\n', true],
    ['Linux Mint', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', true],
    ['quotes of the other kind', "ID='debian'\n", true],
    ['Fedora', 'ID=fedora\n', false],
    ['Rocky', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', false],
    ['a name that only contains it', 'ID=notdebian\nID_LIKE=debianish\n', false],
    ['nothing', '', false],
  ])('tells whose packages there are: %s', (_, text, expected) => {
    expect(hasDebianPackages(osRelease(text))).toBe(expected)
  })

  it('gives the name for people', () => {
    expect(osRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n').PRETTY_NAME).toBe(
      'Debian GNU/Linux 12 (bookworm)',
    )
  })
})

describe('the search path', () => {
  it.each([
    ['/my/bin:/usr/bin', '/my/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin'],
    ['', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    [undefined, '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ])('keeps the user’s order and adds the folders of the system: %s', (own, expected) => {
    expect(withSystemFolders(own)).toBe(expected)
  })
})

describe('cgroups', () => {
  it.each([
    ['version 2', 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0', true],
    ['version 1', 'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0', true],
    ['read-only, as in most containers', 'cgroup /sys/fs/cgroup cgroup2 ro,nosuid 0 0', false],
    ['another file system of that name', 'cgroup2 /mnt tmpfs rw 0 0', false],
    ['no cgroups', 'proc /proc proc rw 0 0', false],
  ])('can be written or not: %s', (_, mounts, expected) => {
    expect(hasWritableCgroups(mounts)).toBe(expected)
  })
})
