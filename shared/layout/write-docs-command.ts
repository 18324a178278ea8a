import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatedDocs } from './generated-docs.ts'
import { rootFolder } from './source-tree.ts'

for (const [path, page] of Object.entries(generatedDocs)) {
  await writeFile(join(rootFolder, path), page())
  process.stdout.write(`wrote ${path}\n`)
}
