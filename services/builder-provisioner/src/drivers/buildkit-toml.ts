import type { BuilderSpec } from './driver.ts'
import { ownPlatform } from './host-platforms.ts'

const parallelSteps = 4

/** buildkitd's configuration for clients that are not trusted: docs/facts/buildkit.md#configuration. */
export function buildkitToml(spec: BuilderSpec, nameservers: readonly string[]): string {
  const keepsState = spec.kind.class === 'project'
  const online = spec.egress === 'internet'
  return [
    '# No client may ask for the host network or for privileges.',
    'insecure-entitlements = []',
    '[cdi]',
    'disabled = true',
    '[history]',
    'maxEntries = 1',
    '[system]',
    // BuildKit finds out what a machine can run by running it. To repeat that would cost the first client of a warm
    // builder some 20 ms.
    'platformsCacheMaxAge = "24h"',
    '[worker.containerd]',
    'enabled = false',
    '[worker.oci]',
    // Host means the builder's own network namespace, which has no way out but the one that its egress allows.
    'networkMode = "host"',
    `max-parallelism = ${parallelSteps}`,
    // A client that names no platform gets the first one: that of the builder, also where it is not the machine's.
    ...(spec.platform === ownPlatform(process.arch) ? [] : [`platforms = ["${spec.platform}"]`]),
    ...(keepsState
      ? ['gc = true', `maxUsedSpace = ${Math.floor(spec.limits.diskBytes * 0.8)}`]
      : // Nothing is to be kept, so collecting is only work; the disk image is the bound.
        ['gc = false']),
    '[frontend."gateway.v0"]',
    // A frontend is a program of the client's choice with BuildKit's own interface. Only Docker's own is allowed, and
    // only where it can be fetched.
    ...(online ? ['enabled = true', 'allowedRepositories = ["docker/dockerfile"]'] : ['enabled = false']),
    ...(online ? ['[dns]', `nameservers = ${JSON.stringify(nameservers)}`] : []),
    '',
  ].join('\n')
}
