import type { BuilderSpec } from './driver.ts'
import { ownPlatform } from './host-platforms.ts'

const parallelSteps = 4

/** buildkitd's configuration for clients that are not trusted (facts buildkit 2.1). */
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
    // What a machine can run is found out by running it; again, it would cost the first client of a warm builder some 20 ms.
    'platformsCacheMaxAge = "24h"',
    '[worker.containerd]',
    'enabled = false',
    '[worker.oci]',
    // Host means the builder's own network namespace, which has no way out but the one that its egress allows.
    'networkMode = "host"',
    `max-parallelism = ${parallelSteps}`,
    // The first one is what is built for a client that names none: that of the builder, also where it is not the machine's.
    ...(spec.platform === ownPlatform(process.arch) ? [] : [`platforms = ["${spec.platform}"]`]),
    ...(keepsState
      ? ['gc = true', `maxUsedSpace = ${Math.floor(spec.limits.diskBytes * 0.8)}`]
      : // Nothing is to be kept, so collecting is only work; the disk image is the bound.
        ['gc = false']),
    '[frontend."gateway.v0"]',
    // A frontend is a program of the client's choice with BuildKit's own interface: only Docker's own, where it could be fetched at all.
    ...(online ? ['enabled = true', 'allowedRepositories = ["docker/dockerfile"]'] : ['enabled = false']),
    ...(online ? ['[dns]', `nameservers = ${JSON.stringify(nameservers)}`] : []),
    '',
  ].join('\n')
}
