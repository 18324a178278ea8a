export type Version = readonly [major: number, minor: number, patch: number]

const pattern = /(\d{1,6})\.(\d{1,6})\.(\d{1,6})/

/** The first `a.b.c` in a program's answer to --version; undefined when there is none. */
export function parseVersion(text: string): Version | undefined {
  const match = pattern.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

export function isAtLeast(version: Version, minimum: Version): boolean {
  for (const index of [0, 1, 2] as const) {
    if (version[index] !== minimum[index]) return version[index] > minimum[index]
  }
  return true
}

export function formatVersion(version: Version): string {
  return version.join('.')
}
