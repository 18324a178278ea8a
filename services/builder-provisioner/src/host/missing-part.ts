/** Something that the machine lacks, and how to get it. For people. */
export interface MissingPart {
  readonly what: string
  readonly howToGet: string
}
