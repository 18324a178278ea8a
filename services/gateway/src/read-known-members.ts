import { BuildState } from '@forkproof/contracts/build'

/**
 * What a worker of another release answers is checked, and members that this release does not know are left out: two releases run side by
 * side during an upgrade. @throws ZodError
 */
export function readBuildState(answer: unknown): BuildState {
  const copy: unknown = structuredClone(answer)
  const { error } = BuildState.safeParse(copy)
  for (const issue of error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') removeMembers(copy, issue.path, issue.keys)
  }
  return BuildState.parse(copy)
}

function removeMembers(root: unknown, path: readonly PropertyKey[], names: readonly string[]): void {
  const owner = path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), root)
  for (const name of names) Reflect.deleteProperty(Object(owner), name)
}
