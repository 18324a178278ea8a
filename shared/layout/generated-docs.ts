import { errorsPage } from './errors-page.ts'
import { settingsPage } from './settings-page.ts'

/** Pages that are made from the code, by their path. */
export const generatedDocs: Readonly<Record<string, () => string>> = {
  'docs/settings.md': settingsPage,
  'docs/errors.md': errorsPage,
}
