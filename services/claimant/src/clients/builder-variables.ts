import type { LeasedBuild } from '../building/lease-builders.ts'

/**
 * The variables by which any program finds its builders.
 * Without a suffix: the first builder. With `_AMD64` or `_ARM64`: the builder of that architecture.
 * buildctl and others read BUILDKIT_HOST, which has no certificates.
 */
export function builderVariables({ build, builders }: LeasedBuild): Record<string, string> {
  const of = (builder: LeasedBuild['builders'][number], suffix: string) => ({
    [`FORKPROOF_BUILDER_ENDPOINT${suffix}`]: builder.endpoint,
    [`FORKPROOF_BUILDER_SERVER_NAME${suffix}`]: builder.serverName,
    [`FORKPROOF_BUILDER_CA${suffix}`]: builder.caFile,
    [`FORKPROOF_BUILDER_CERT${suffix}`]: builder.certificateFile,
    [`FORKPROOF_BUILDER_KEY${suffix}`]: builder.keyFile,
  })
  const [first] = builders
  return {
    FORKPROOF_BUILD_ID: build.buildId,
    ...(first === undefined ? {} : { BUILDKIT_HOST: first.endpoint, ...of(first, '') }),
    ...Object.assign({}, ...builders.map(one => of(one, `_${one.platform.replace('linux/', '').toUpperCase()}`))),
  }
}
