import { describe, expect, it } from 'vitest'
import { typescriptFiles } from './source-tree.ts'
import { unneededExports } from './unneeded-exports.ts'

const exporting = { path: 'shared/infra/a.ts', text: 'export const wanted = 1\nexport interface Wanted {}\n' }
const importing = (text: string) => ({ path: 'services/gateway/src/b.ts', text })

describe('an export', () => {
  it('is imported by another file', () => {
    expect(unneededExports(typescriptFiles())).toEqual([])
  })

  it('that nobody imports is found', () => {
    expect(unneededExports([exporting, importing("import { wanted } from '@forkproof/infra/a'\n")])).toEqual([
      'shared/infra/a.ts: nobody imports Wanted; do not export it',
    ])
  })

  it.each([
    "import { type Wanted, wanted } from '@forkproof/infra/a'\n",
    "import {\n  type Wanted as Other,\n  wanted as other,\n} from '../../../shared/infra/a.ts'\n",
    "export { type Wanted, wanted } from '@forkproof/infra/a'\n",
    "import * as all from '@forkproof/infra/a'\n",
    "export * from '@forkproof/infra/a'\n",
    "const all = await import('@forkproof/infra/a')\n",
  ])('is needed by %j', text => {
    expect(unneededExports([exporting, importing(text)])).toEqual([])
  })
})
