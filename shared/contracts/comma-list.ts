/** The entries of a comma list, as settings hold them. Blanks around an entry and empty entries do not count. */
export const commaList = (text: string): string[] =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
