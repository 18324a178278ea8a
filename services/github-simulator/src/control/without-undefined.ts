type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** The members that were given: a validated body has the others as `undefined`. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>
}
