/** Bases of the addresses inside answers. */
export interface Links {
  /** REST origin, without a slash at the end. */
  api: string
  /** Where the web site would be. */
  html: string
}

/** GitHub's timestamps: UTC, whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
