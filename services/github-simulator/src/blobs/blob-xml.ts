/** Azure's error document; `@azure/storage-blob` and GitHub's log readers look at the code. */
export function blobErrorXml(code: string, message: string): string {
  return `\u{feff}<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
}

/** Block ids of a Put Block List body, in order. Only the three element names of that body are looked for. */
export function blockIdsOf(xml: string): string[] {
  const elements = xml.matchAll(/<(Latest|Uncommitted|Committed)>([A-Za-z0-9+/=]+)<\/\1>/g)
  return [...elements].flatMap(element => element[2] ?? [])
}
