/** Bases of the addresses inside answers. */
export interface AnswerLinks {
  /** REST origin, without a slash at the end. */
  api: string
  /** Where the web site would be. */
  html: string
}

/** GitHub's timestamps: UTC, whole seconds. */
export function formatTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
