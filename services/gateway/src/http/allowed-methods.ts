export interface KnownRoute {
  readonly method: string
  /** Pattern with `:name` segments. */
  readonly pattern: string
}

/** Methods that some route answers at this path; empty means that there is nothing at all. */
export function allowedMethods(path: string, routes: readonly KnownRoute[]): string[] {
  const segments = path.split('/')
  const fitting = routes.filter(({ pattern }) => {
    const parts = pattern.split('/')
    const fits = (part: string, at: number) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at])
    return parts.length === segments.length && parts.every(fits)
  })
  return [...new Set(fitting.map(route => route.method))].sort()
}
