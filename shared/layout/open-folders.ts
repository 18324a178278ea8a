/** Folders that do not keep a rule yet. An entry goes when its folder does; the list goes when it is empty. */
const openFolders: Readonly<Record<string, readonly string[]>> = {
  'import cycles': [],
  'line width': [],
  definitions: [],
  'unneeded exports': [],
  references: [],
  glossary: [],
}

/** What is found, without what stands in a folder that is still open for this rule. */
export const outsideOpenFolders = (rule: string, found: readonly string[]): string[] =>
  found.filter(one => !openFolders[rule]?.some(folder => one.includes(folder)))
