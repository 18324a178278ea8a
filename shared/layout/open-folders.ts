/** Folders that do not keep a rule yet. An entry goes when its folder does; the list goes when it is empty. */
const openFolders: Readonly<Record<string, readonly string[]>> = {
  'import cycles': [],
  'line width': [
    'services/e2e',
    'services/gateway',
    'services/orchestrator',
    'shared/contracts',
    'shared/deployment',
    'shared/infra',
    'shared/layout',
    'workflows',
  ],
  definitions: ['services/gateway', 'services/local', 'shared/layout', 'workflows'],
  'unneeded exports': [
    'services/e2e',
    'services/gateway',
    'services/local',
    'shared/contracts',
    'shared/infra',
    'workflows',
  ],
  references: ['docs/glossary.md: shared', 'services/gateway', 'shared/contracts', 'shared/infra', 'workflows'],
  glossary: ['services/gateway', 'services/builder-provisioner', 'services/local', 'shared', 'workflows'],
}

/** What is found, without what stands in a folder that is still open for this rule. */
export const outsideOpenFolders = (rule: string, found: readonly string[]): string[] =>
  found.filter(one => !openFolders[rule]?.some(folder => one.includes(folder)))
